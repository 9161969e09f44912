import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs a program of the host to its end.
 * @throws Error with what it printed when it does not end with 0.
 */
export async function runTool(
  path: string,
  args: readonly string[],
  options: { input?: string; signal?: AbortSignal } = {},
): Promise<string> {
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'], env: {}, ...(options.signal && { signal: options.signal }) })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (data: string) => (output += data))
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${path} ${args.join(' ')}: ${output.trim() || `ended with ${code}`}`)
  return output
}
