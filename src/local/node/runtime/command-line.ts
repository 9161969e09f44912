import type { ResolvedImage } from './runtime.ts'
import { RuntimeError } from './runtime-error.ts'

/**
 * The words a container runs: Kubernetes' `command` replaces the image's entrypoint *and* command, `args` alone replaces only the image's
 * command. Empty lists count as absent, as they do in the API.
 * @throws RuntimeError `CreateContainerError` when nothing is left to run.
 */
export function commandLine(
  image: Pick<ResolvedImage, 'entrypoint' | 'command'>,
  command: readonly string[] | undefined,
  args: readonly string[] | undefined,
): readonly [string, ...string[]] {
  const own = (words: readonly string[] | undefined) => (words !== undefined && words.length > 0 ? words : undefined)
  const entrypoint = own(command) ?? image.entrypoint
  const rest = own(args) ?? (own(command) === undefined ? image.command : [])
  const [first, ...others] = [...entrypoint, ...rest]
  if (first === undefined) throw new RuntimeError('CreateContainerError', 'no command specified')
  return [first, ...others]
}
