import { isConflict, isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import { nodes, pods } from '../../apis/core/resources.generated.ts'
import { isolationAnnotation } from './registration.ts'

/**
 * Removes nodes of an earlier run that this one does not bring back (fewer nodes, or simulated ones instead of real ones), and the pods that were
 * bound to them: nobody would ever run or delete those, and their owners make new ones.
 */
export async function retireNodes(client: Client, keep: readonly string[]): Promise<void> {
  const { items } = await client.list(nodes)
  const retired = items.filter(node => node.metadata.annotations?.[isolationAnnotation] !== undefined && !keep.includes(node.metadata.name))
  if (retired.length === 0) return
  const names = new Set(retired.map(node => node.metadata.name))
  const ignoreMissing = (error: unknown): void => {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
  await Promise.all(retired.map(({ metadata: { name } }) => client.delete(nodes, { name }).catch(ignoreMissing)))
  const stranded = (await client.list(pods)).items.filter(pod => names.has(pod.spec?.nodeName ?? ''))
  await Promise.all(
    stranded.map(({ metadata: { name, uid, namespace = 'default' } }) =>
      client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }).catch(ignoreMissing),
    ),
  )
}
