import type { PodPlace } from '../env/field-ref.ts'
import type { NodeContext } from '../node-context.ts'
import { messageOf } from '../node-error.ts'
import type { Container, Sandbox } from '../runtime/runtime.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'
import { retryDelay } from './back-off.ts'
import { dialPod, type ContainerRecord } from './container-record.ts'
import type { ContainerDefinition, PodObject } from './container-state.ts'
import { runHook } from './hooks.ts'
import { startContainer, type StartResult } from './start-container.ts'

export interface LaunchRequest {
  readonly pod: PodObject
  readonly definition: ContainerDefinition
  readonly place: PodPlace
  readonly sandbox: Sandbox
  readonly volumes: PodVolumes
}

/** Images are looked up in local folders, so trying again soon costs nothing. Milliseconds. */
const imageRetry = { baseMs: 1_000, maxMs: 10_000 }
const configRetry = { baseMs: 1_000, maxMs: 20_000 }

/**
 * Starts a container, runs its postStart hook, and begins to probe it; what came of it is in the record. `hook-failed`: the container runs
 * and has to be stopped. Rejects only when `signal` is aborted.
 */
export async function launchContainer(
  context: NodeContext,
  record: ContainerRecord,
  request: LaunchRequest,
  signal: AbortSignal,
): Promise<'done' | 'hook-failed'> {
  const { events, runtime, clock } = context
  const { pod, definition, place } = request
  const result = await startContainer(context, { ...request, attempt: record.nextAttempt }, signal)
  if (result.kind === 'obstacle') {
    noteObstacle(context, record, request, result)
    return 'done'
  }
  if (result.kind === 'failed') {
    record.startFailed(definition, result.image, result.message)
    events.record(pod, 'Warning', 'Failed', `Error: ${result.message}`)
    return 'done'
  }
  const { container, image } = result
  const podIP = place.podIPs[0] ?? ''
  const target = { definition, container, podIP, dial: dialPod(runtime.dialer, podIP, pod.spec?.hostNetwork === true) }
  record.started(definition, container, image, target)
  events.record(pod, 'Normal', 'Pulled', `Container image "${definition.image ?? ''}" already present on machine`)
  events.record(pod, 'Normal', 'Created', `Created container: ${definition.name}`)
  events.record(pod, 'Normal', 'Started', `Started container ${definition.name}`)
  const hook = definition.lifecycle?.postStart
  if (hook !== undefined) {
    try {
      await runHook(hook, target, clock, AbortSignal.any([signal, whenEnded(container)]))
    } catch (error) {
      signal.throwIfAborted()
      events.record(pod, 'Warning', 'FailedPostStartHook', `PostStartHook failed: ${messageOf(error)}`)
      return 'hook-failed'
    }
  }
  record.beginProbes()
  return 'done'
}

function noteObstacle(
  { clock, events }: NodeContext,
  record: ContainerRecord,
  { pod, definition }: LaunchRequest,
  { reason, message }: StartResult & { kind: 'obstacle' },
): void {
  const attempts = record.obstacleAttempts(definition) + 1
  const image = definition.image ?? ''
  if (reason !== 'ErrImagePull') {
    record.setObstacle(definition, reason, message, clock.now() + retryDelay(attempts, configRetry.baseMs, configRetry.maxMs))
    if (attempts === 1) events.record(pod, 'Warning', 'Failed', `Error: ${message}`)
    return
  }
  const retryAt = clock.now() + retryDelay(attempts, imageRetry.baseMs, imageRetry.maxMs)
  if (attempts === 1) {
    record.setObstacle(definition, 'ErrImagePull', message, retryAt)
    events.record(pod, 'Warning', 'Failed', `Failed to pull image "${image}": ${message}`)
    return
  }
  record.setObstacle(definition, 'ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${message}`, retryAt)
  if (attempts === 2) events.record(pod, 'Normal', 'BackOff', `Back-off pulling image "${image}"`)
}

function whenEnded(container: Container): AbortSignal {
  const ended = new AbortController()
  void container.exited.then(() => ended.abort(new Error('the container has ended')))
  return ended.signal
}
