import { isDeepStrictEqual } from 'node:util'
import { pods as podType, replicasets as replicaSetType } from '../../../apis/core/resources.generated.ts'
import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../../../apis/core/types.generated.ts'
import { isConflict, isNamespaceTerminating, isNotFound } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import { type Clock, formatTime, systemClock } from '../../../kube/clock.ts'
import { type Controller, createController, type Result } from '../../../kube/controller.ts'
import type { EventRecorder } from '../../../kube/event-recorder.ts'
import { Expectations } from '../../../kube/expectations.ts'
import { type Logger, noopLogger } from '../../../kube/logger.ts'
import { type DeepReadonly, keyOf } from '../../../kube/object.ts'
import { byControllerUid, controllerOf, controllerReference, isControlledBy } from '../../../kube/owner-reference.ts'
import { labelSelectorOf } from '../../../kube/selector.ts'
import type { Store } from '../../../kube/store.ts'
import { isActive, planReplicas, readySince } from './replica-set-plan.ts'

export interface ReplicaSetOptions {
  readonly client: Client
  readonly replicaSets: Store<ReplicaSet>
  readonly pods: Store<Pod>
  readonly recorder: EventRecorder
  readonly clock?: Clock
  readonly logger?: Logger
}

/** Pods that are created or deleted in one go; the rest follows when the watch has shown these. */
const burst = 100

/** Keeps as many pods of a ReplicaSet as it asks for. Pods that match without an owner are taken over, as in Kubernetes. */
export function createReplicaSetController(options: ReplicaSetOptions): Controller {
  const { client, replicaSets, pods, recorder, clock = systemClock, logger = noopLogger } = options
  pods.addIndex('controller', byControllerUid)
  pods.addIndex('orphan-namespace', orphansByNamespace)
  const expectations = new Expectations(pods, { clock })

  /** Pods that were relabelled, to look at them in peace, are let go and replaced. */
  const release = async (set: DeepReadonly<ReplicaSet>): Promise<boolean> => {
    const selector = labelSelectorOf(set.spec?.selector)
    const strangers = pods.byIndex('controller', set.metadata.uid).filter(pod => !selector.matches(pod.metadata.labels))
    for (const pod of strangers) {
      const { name, namespace = '', uid } = pod.metadata
      const ownerReferences = (pod.metadata.ownerReferences ?? []).filter(reference => reference.uid !== set.metadata.uid)
      const answer = await client.patch(podType, { namespace, name }, { metadata: { uid, ownerReferences } }, { type: 'merge' })
      expectations.written(keyOf(set), answer)
    }
    return strangers.length > 0
  }

  const adopt = async (set: DeepReadonly<ReplicaSet>): Promise<boolean> => {
    const selector = labelSelectorOf(set.spec?.selector)
    const { namespace = '' } = set.metadata
    const orphans = pods.byIndex('orphan-namespace', namespace).filter(pod => isActive(pod) && selector.matches(pod.metadata.labels))
    for (const pod of orphans) {
      const patch = { metadata: { uid: pod.metadata.uid, ownerReferences: [controllerReference(set)] } }
      expectations.written(keyOf(set), await client.patch(podType, { namespace, name: pod.metadata.name }, patch, { type: 'strategic' }))
    }
    return orphans.length > 0
  }

  const create = async (set: DeepReadonly<ReplicaSet>): Promise<void> => {
    const { name, namespace = '' } = set.metadata
    const template = set.spec?.template
    const pod = await client.create(podType, {
      metadata: {
        generateName: `${name}-`,
        namespace,
        labels: { ...template?.metadata?.labels },
        annotations: { ...template?.metadata?.annotations },
        ownerReferences: [controllerReference(set)],
      },
      ...(template?.spec === undefined ? {} : { spec: structuredClone(template.spec) as NonNullable<Pod['spec']> }),
    })
    expectations.created(keyOf(set), keyOf(pod))
    recorder.event(set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
  }

  const remove = async (set: DeepReadonly<ReplicaSet>, pod: DeepReadonly<Pod>): Promise<void> => {
    const { name, namespace = '', uid } = pod.metadata
    try {
      await client.delete(podType, { namespace, name }, { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
    expectations.deleted(keyOf(set), pod)
    recorder.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
  }

  /** The first failure, if any; everything is tried. */
  const scale = async (set: DeepReadonly<ReplicaSet>, own: readonly DeepReadonly<Pod>[]): Promise<unknown> => {
    const plan = planReplicas(own, set.spec?.replicas ?? 1)
    const work =
      'create' in plan
        ? Array.from({ length: Math.min(burst, plan.create) }, () => create(set))
        : plan.delete.slice(0, burst).map(pod => remove(set, pod))
    const outcomes = await Promise.allSettled(work)
    const failed = outcomes.find(outcome => outcome.status === 'rejected')
    if (failed === undefined) return undefined
    const text = failed.reason instanceof Error ? failed.reason.message : String(failed.reason)
    recorder.event(
      set,
      'Warning',
      'create' in plan ? 'FailedCreate' : 'FailedDelete',
      `Error ${'create' in plan ? 'creating' : 'deleting'}: ${text}`,
    )
    return failed.reason
  }

  const writeStatus = async (set: DeepReadonly<ReplicaSet>, status: ReplicaSetStatus): Promise<void> => {
    const { conditions: _conditions, ...current } = set.status ?? { replicas: -1 }
    const { conditions = [], ...wanted } = status
    if (isDeepStrictEqual({ ...current }, wanted) && isDeepStrictEqual(set.status?.conditions ?? [], conditions)) return
    const { name, namespace = '', uid } = set.metadata
    const patch = { metadata: { uid }, status: { ...status, conditions } }
    await client.patch(replicaSetType, { namespace, name }, patch, { type: 'merge', subresource: 'status' })
  }

  const reconcile = async (key: string): Promise<Result> => {
    const set = replicaSets.get(key)
    if (set === undefined) {
      expectations.forget(key)
      return 'done'
    }
    const open = expectations.timeoutMs(key)
    if (open !== undefined) return { requeueAfterMs: open }
    const living = set.metadata.deletionTimestamp === undefined
    if (living && ((await release(set)) || (await adopt(set)))) return { requeueAfterMs: 50 }
    const own = pods.byIndex('controller', set.metadata.uid)
    const failure = living ? await scale(set, own) : undefined
    const minReadyMs = (set.spec?.minReadySeconds ?? 0) * 1000
    await writeStatus(set, statusOf(set, own.filter(isActive), minReadyMs, failure, clock.now())).catch((error: unknown) => {
      if (!isNotFound(error) && !isConflict(error)) throw error
    })
    if (failure !== undefined && !isNamespaceTerminating(failure)) throw failure
    const next = nextAvailability(own, minReadyMs, clock.now())
    return next === undefined ? 'done' : { requeueAfterMs: next }
  }

  replicaSets.addIndex('replicaset-namespace', set => [set.metadata.namespace ?? ''])
  const setsFor = (pod: DeepReadonly<Pod>) =>
    replicaSets
      .byIndex('replicaset-namespace', pod.metadata.namespace ?? '')
      .filter(set => !isControlledBy(pod, set) && labelSelectorOf(set.spec?.selector).matches(pod.metadata.labels))

  const controller = createController({ name: 'replicaset', reconcile, workers: 4, clock, logger })
  controller.watch(replicaSets)
  controller.watch(pods, {
    *keysOf(pod) {
      const owner = controllerOf(pod)
      if (owner?.kind === 'ReplicaSet') yield `${pod.metadata.namespace ?? ''}/${owner.name}`
      else if (owner === undefined && isActive(pod)) for (const set of setsFor(pod)) yield keyOf(set)
    },
  })
  return {
    ...controller,
    async [Symbol.asyncDispose]() {
      await controller[Symbol.asyncDispose]()
      expectations[Symbol.dispose]()
    },
  }
}

const orphansByNamespace = (pod: DeepReadonly<Pod>): readonly string[] =>
  controllerOf(pod) === undefined && pod.metadata.labels !== undefined ? [pod.metadata.namespace ?? ''] : []

function isAvailable(pod: DeepReadonly<Pod>, minReadyMs: number, now: number): boolean {
  const since = readySince(pod)
  return since !== undefined && (minReadyMs === 0 || since + minReadyMs <= now)
}

/** Milliseconds until the next ready pod has been ready long enough. */
function nextAvailability(own: readonly DeepReadonly<Pod>[], minReadyMs: number, now: number): number | undefined {
  if (minReadyMs === 0) return undefined
  const waits = own.flatMap(pod => {
    const since = readySince(pod)
    return since === undefined || since + minReadyMs <= now ? [] : [since + minReadyMs - now]
  })
  return waits.length === 0 ? undefined : Math.min(...waits)
}

function statusOf(
  set: DeepReadonly<ReplicaSet>,
  active: readonly DeepReadonly<Pod>[],
  minReadyMs: number,
  failure: unknown,
  now: number,
): ReplicaSetStatus {
  const labels = Object.entries(set.spec?.template?.metadata?.labels ?? {})
  const labelled = active.filter(pod => labels.every(([key, value]) => pod.metadata.labels?.[key] === value))
  const ready = active.filter(pod => readySince(pod) !== undefined)
  const available = ready.filter(pod => isAvailable(pod, minReadyMs, now))
  const counts = { fullyLabeledReplicas: labelled.length, readyReplicas: ready.length, availableReplicas: available.length }
  const conditions = conditionsOf(set, failure, now)
  return {
    replicas: active.length,
    observedGeneration: set.metadata.generation ?? 0,
    ...Object.fromEntries(Object.entries(counts).filter(([key, count]) => count > 0 || Object.hasOwn(set.status ?? {}, key))),
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

function conditionsOf(set: DeepReadonly<ReplicaSet>, failure: unknown, now: number): ReplicaSetCondition[] {
  const others = (set.status?.conditions ?? [])
    .filter(condition => condition.type !== 'ReplicaFailure')
    .map(condition => ({ ...condition }))
  if (failure === undefined) return others
  const message = failure instanceof Error ? failure.message : 'unknown failure'
  const known = set.status?.conditions?.find(condition => condition.type === 'ReplicaFailure')
  const lastTransitionTime = known?.lastTransitionTime ?? formatTime(now)
  return [...others, { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message, lastTransitionTime }]
}
