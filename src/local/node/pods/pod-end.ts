import { isConflict, isNotFound } from '../../../kube/api-error.ts'
import { keyOf } from '../../../kube/object.ts'
import { pods } from '../../../apis/core/resources.generated.ts'
import type { NodeContext } from '../node-context.ts'
import { messageOf } from '../node-error.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'
import type { ContainerRecord } from './container-record.ts'
import { containersOf, type PodObject } from './container-state.ts'
import { removeLogs } from './log-files.ts'
import { stopRecord } from './stop-container.ts'

/**
 * Stops all containers of a pod as kubelet does: the main ones together, then the sidecars from the last to the first.
 * `announce`: whether to tell users; not when the node itself ends.
 */
export async function stopContainers(
  context: NodeContext,
  pod: PodObject,
  records: ReadonlyMap<string, ContainerRecord>,
  graceOver: AbortSignal,
  announce: boolean,
): Promise<void> {
  const running = containersOf(pod).flatMap(({ role, definition }) => {
    const record = records.get(definition.name)
    return record?.run === undefined ? [] : [{ role, record }]
  })
  const stop = (record: ContainerRecord): Promise<void> => {
    if (announce) context.events.record(pod, 'Normal', 'Killing', `Stopping container ${record.name}`)
    return stopRecord(context, pod, record, graceOver)
  }
  await Promise.all(running.filter(({ role }) => role !== 'sidecar').map(({ record }) => stop(record)))
  for (const { role, record } of running.toReversed()) if (role === 'sidecar') await stop(record)
}

/** Removes what a stopped pod leaves on the node: logs, volumes, tokens. What cannot be removed is reported and left. */
export async function removeLeftovers(context: NodeContext, pod: PodObject, volumes: PodVolumes): Promise<void> {
  const report = (error: unknown): void => context.logger.warn('pod files were not removed', { pod: keyOf(pod), error: messageOf(error) })
  await removeLogs(context.stateDir, pod).catch(report)
  await volumes.remove().catch(report)
  context.tokens.forget(pod.metadata.uid)
}

/** Tells the API server that nothing of a deleted pod is left. False when that has to be tried again. */
export async function confirmDeletion(context: NodeContext, pod: PodObject): Promise<boolean> {
  const { namespace = 'default', name, uid } = pod.metadata
  try {
    await context.client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
    return true
  } catch (error) {
    // Gone already, or a namesake has taken its place.
    if (isNotFound(error) || isConflict(error)) return true
    context.logger.warn('pod was not deleted', { pod: keyOf(pod), error: messageOf(error) })
    return false
  }
}
