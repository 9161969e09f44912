import { pods } from '../apis/core/resources.generated.ts'
import type { Pod } from '../apis/core/types.generated.ts'
import { isNotFound } from '../kube/api-error.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { Connection } from './connection.ts'
import { type CliContext, note } from './context.ts'
import { CliError, exitCode } from './exit-code.ts'

const defaultContainer = 'kubectl.kubernetes.io/default-container'

/** The pod of a server, which has its name. `pod/x` and `gs/x` are understood as well. */
export async function podOfServer(
  { signal }: CliContext,
  { client, namespace }: Pick<Connection, 'client' | 'namespace'>,
  server: string,
): Promise<DeepReadonly<Pod>> {
  const name = server.slice(server.lastIndexOf('/') + 1)
  try {
    return await client.get(pods, { namespace, name }, { signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
    throw new CliError(exitCode.notFound, `there is no server ${name} in namespace ${namespace}: its pod does not exist`, { cause: error })
  }
}

/** The container that is meant: the one named, else the one the pod marks as default, else the first, with a remark if there are more. */
export function containerOf(context: CliContext, pod: DeepReadonly<Pod>, asked: string | undefined): string {
  const containers = pod.spec?.containers.map(({ name }) => name) ?? []
  const all = [...containers, ...(pod.spec?.initContainers ?? []).map(({ name }) => name)]
  if (asked !== undefined) {
    if (all.includes(asked)) return asked
    throw new CliError(exitCode.notFound, `server ${pod.metadata.name} has no container "${asked}"; it has: ${all.join(', ')}`)
  }
  const marked = pod.metadata.annotations?.[defaultContainer]
  if (marked !== undefined && all.includes(marked)) return marked
  const [first = ''] = containers
  if (containers.length > 1) note(context, `Using container "${first}" of: ${containers.join(', ')} (choose with -c)`)
  return first
}
