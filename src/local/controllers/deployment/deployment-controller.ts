import { isDeepStrictEqual } from 'node:util'
import { deployments as deploymentType, replicasets as replicaSetType } from '../../../apis/core/resources.generated.ts'
import type { Deployment, Pod, ReplicaSet } from '../../../apis/core/types.generated.ts'
import { isAlreadyExists, isNamespaceTerminating, isConflict, isNotFound } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import { type Clock, systemClock } from '../../../kube/clock.ts'
import { type Controller, createController, type Result } from '../../../kube/controller.ts'
import type { EventRecorder } from '../../../kube/event-recorder.ts'
import { Expectations } from '../../../kube/expectations.ts'
import { type Logger, noopLogger } from '../../../kube/logger.ts'
import { type DeepReadonly, keyOf, type New } from '../../../kube/object.ts'
import { byControllerUid, controllerOf, controllerReference } from '../../../kube/owner-reference.ts'
import type { Store } from '../../../kube/store.ts'
import { deploymentStatus, untilLate } from './deployment-status.ts'
import {
  copiedAnnotations,
  desiredReplicasAnnotation,
  findNewSet,
  maxReplicasAnnotation,
  revisionAnnotation,
  revisionOf,
  templateHash,
  templateHashLabel,
} from './revision.ts'
import { nextSizes, rollingLimits, scaledSizes, type SetCounts } from './rollout.ts'

export interface DeploymentOptions {
  readonly client: Client
  readonly deployments: Store<Deployment>
  readonly replicaSets: Store<ReplicaSet>
  readonly pods: Store<Pod>
  readonly recorder: EventRecorder
  readonly clock?: Clock
  readonly logger?: Logger
}

/** Rolls Deployments out by ReplicaSets, with history, pause and status as `kubectl rollout` knows them. */
export function createDeploymentController(options: DeploymentOptions): Controller {
  const { client, deployments, replicaSets, pods, recorder, clock = systemClock, logger = noopLogger } = options
  replicaSets.addIndex('controller', byControllerUid)
  pods.addIndex('controller', byControllerUid)
  const expectations = new Expectations(replicaSets, { clock })

  const createSet = async (deployment: DeepReadonly<Deployment>, replicas: number, revision: number): Promise<void> => {
    const { name, namespace = '' } = deployment.metadata
    const template = deployment.spec?.template ?? {}
    const hash = templateHash(template, deployment.status?.collisionCount ?? 0)
    const labels = { ...template.metadata?.labels, [templateHashLabel]: hash }
    const { matchLabels, matchExpressions } = deployment.spec?.selector ?? {}
    const set = {
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels,
        annotations: annotationsFor(deployment, revision),
        ownerReferences: [controllerReference(deployment)],
      },
      spec: {
        replicas,
        selector: { matchLabels: { ...matchLabels, [templateHashLabel]: hash }, ...(matchExpressions && { matchExpressions }) },
        template: { ...template, metadata: { ...template.metadata, labels } },
        ...(deployment.spec?.minReadySeconds === undefined ? {} : { minReadySeconds: deployment.spec.minReadySeconds }),
      },
    }
    const key = `${namespace}/${set.metadata.name}`
    expectations.created(keyOf(deployment), key)
    try {
      await client.create(replicaSetType, structuredClone(set) as unknown as New<ReplicaSet>)
    } catch (error) {
      expectations.failed(keyOf(deployment), key)
      // The Deployment is about to go with its namespace.
      if (isNamespaceTerminating(error)) return
      if (!isAlreadyExists(error)) throw error
      await countCollision(deployment)
      return
    }
    recorder.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${set.metadata.name} from 0 to ${replicas}`)
  }

  /** The name is taken by a set of another template or owner: the next one is made of another number. */
  const countCollision = async (deployment: DeepReadonly<Deployment>): Promise<void> => {
    const { name, namespace = '', uid } = deployment.metadata
    const patch = { metadata: { uid }, status: { collisionCount: (deployment.status?.collisionCount ?? 0) + 1 } }
    await client.patch(deploymentType, { namespace, name }, patch, { type: 'merge', subresource: 'status' })
  }

  const updateSet = async (
    deployment: DeepReadonly<Deployment>,
    set: DeepReadonly<ReplicaSet>,
    size: number | undefined,
    annotations: Readonly<Record<string, string>>,
  ): Promise<void> => {
    const { name, namespace = '', uid } = set.metadata
    const missing = Object.entries(annotations).some(([key, value]) => set.metadata.annotations?.[key] !== value)
    const from = set.spec?.replicas ?? 1
    if (!missing && (size === undefined || size === from)) return
    const patch = { metadata: { uid, ...(missing ? { annotations } : {}) }, ...(size === undefined ? {} : { spec: { replicas: size } }) }
    const answer = await client.patch(replicaSetType, { namespace, name }, patch, { type: 'merge' })
    expectations.written(keyOf(deployment), answer)
    if (size === undefined || size === from) return
    const direction = size > from ? 'up' : 'down'
    recorder.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled ${direction} replica set ${name} from ${from} to ${size}`)
  }

  const markRevision = async (deployment: DeepReadonly<Deployment>, revision: number): Promise<void> => {
    if (revisionOf(deployment) === revision) return
    const { name, namespace = '', uid } = deployment.metadata
    const patch = { metadata: { uid, annotations: { [revisionAnnotation]: String(revision) } } }
    await client.patch(deploymentType, { namespace, name }, patch, { type: 'merge' })
  }

  const cleanUp = async (deployment: DeepReadonly<Deployment>, old: readonly DeepReadonly<ReplicaSet>[]): Promise<void> => {
    const idle = old.filter(
      set => set.spec?.replicas === 0 && (set.status?.replicas ?? 0) === 0 && set.metadata.deletionTimestamp === undefined,
    )
    const surplus = idle.length - (deployment.spec?.revisionHistoryLimit ?? 10)
    if (surplus <= 0) return
    for (const set of idle.toSorted((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus)) {
      const { name, namespace = '', uid } = set.metadata
      await client.delete(replicaSetType, { namespace, name }, { preconditions: { uid }, propagationPolicy: 'Background' })
      expectations.deleted(keyOf(deployment), set)
    }
  }

  const writeStatus = async (
    deployment: DeepReadonly<Deployment>,
    fresh: DeepReadonly<ReplicaSet> | undefined,
    sets: readonly DeepReadonly<ReplicaSet>[],
  ): Promise<void> => {
    const status = deploymentStatus(deployment, fresh, sets, clock.now())
    if (isDeepStrictEqual({ ...deployment.status }, status)) return
    const { name, namespace = '', uid } = deployment.metadata
    await client.patch(deploymentType, { namespace, name }, { metadata: { uid }, status }, { type: 'merge', subresource: 'status' })
  }

  const rollOut = async (deployment: DeepReadonly<Deployment>, sets: readonly DeepReadonly<ReplicaSet>[]): Promise<void> => {
    const fresh = findNewSet(deployment, sets)
    const old = sets.filter(set => set !== fresh)
    const replicas = deployment.spec?.replicas ?? 1
    const recreate = deployment.spec?.strategy?.type === 'Recreate'
    const world = {
      replicas,
      ...(recreate ? { maxSurge: 0, maxUnavailable: 0 } : rollingLimits(deployment)),
      recreate,
      fresh: fresh === undefined ? undefined : countsOf(fresh),
      old: old.map(countsOf),
      oldPods: old.reduce((count, set) => count + pods.byIndex('controller', set.metadata.uid).length, 0),
    }
    const revision = Math.max(0, ...old.map(revisionOf)) + 1
    if (deployment.spec?.paused === true) {
      const sizes = scaledSizes(world)
      for (const set of sets) await updateSet(deployment, set, sizes.get(set.metadata.name), {})
    } else {
      const sizes = nextSizes(world)
      if (fresh === undefined) await createSet(deployment, sizes.get('') ?? 0, revision)
      const current = Math.max(revision, fresh === undefined ? 0 : revisionOf(fresh))
      if (fresh !== undefined) await updateSet(deployment, fresh, sizes.get(fresh.metadata.name), annotationsFor(deployment, current))
      for (const set of old) await updateSet(deployment, set, sizes.get(set.metadata.name), {})
      await markRevision(deployment, current)
      if (fresh !== undefined) await cleanUp(deployment, old)
    }
    await writeStatus(deployment, fresh, sets)
  }

  const reconcile = async (key: string): Promise<Result> => {
    const deployment = deployments.get(key)
    if (deployment === undefined) {
      expectations.forget(key)
      return 'done'
    }
    const open = expectations.timeoutMs(key)
    if (open !== undefined) return { requeueAfterMs: open }
    const sets = replicaSets.byIndex('controller', deployment.metadata.uid).toSorted(byAge)
    try {
      if (deployment.metadata.deletionTimestamp === undefined) await rollOut(deployment, sets)
      else await writeStatus(deployment, findNewSet(deployment, sets), sets)
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
      return { requeueAfterMs: 50 }
    }
    const late = untilLate(deployment, clock.now())
    return late === undefined ? 'done' : { requeueAfterMs: late }
  }

  const deploymentOf = (set: DeepReadonly<ReplicaSet>): string[] => {
    const owner = controllerOf(set)
    return owner?.kind === 'Deployment' ? [`${set.metadata.namespace ?? ''}/${owner.name}`] : []
  }
  const controller = createController({ name: 'deployment', reconcile, workers: 2, clock, logger })
  controller.watch(deployments)
  controller.watch(replicaSets, { keysOf: deploymentOf })
  // Recreate waits for the last old pod.
  controller.watch(pods, {
    changed: () => false,
    *keysOf(pod) {
      const owner = controllerOf(pod)
      if (owner?.kind !== 'ReplicaSet') return
      const set = replicaSets.get(`${pod.metadata.namespace ?? ''}/${owner.name}`)
      if (set !== undefined) yield* deploymentOf(set)
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

function byAge(a: DeepReadonly<ReplicaSet>, b: DeepReadonly<ReplicaSet>): number {
  return a.metadata.creationTimestamp === b.metadata.creationTimestamp
    ? revisionOf(a) - revisionOf(b)
    : a.metadata.creationTimestamp < b.metadata.creationTimestamp
      ? -1
      : 1
}

function countsOf(set: DeepReadonly<ReplicaSet>): SetCounts {
  return { name: set.metadata.name, wanted: set.spec?.replicas ?? 1, available: set.status?.availableReplicas ?? 0 }
}

function annotationsFor(deployment: DeepReadonly<Deployment>, revision: number): Record<string, string> {
  const replicas = deployment.spec?.replicas ?? 1
  const { maxSurge } = deployment.spec?.strategy?.type === 'Recreate' ? { maxSurge: 0 } : rollingLimits(deployment)
  return {
    ...copiedAnnotations(deployment),
    [revisionAnnotation]: String(revision),
    [desiredReplicasAnnotation]: String(replicas),
    [maxReplicasAnnotation]: String(replicas + maxSurge),
  }
}
