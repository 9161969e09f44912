import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { DeleteReason, InPlaceProgress, Member, Stage } from '../../../servers/model.ts'
import { conditionOf, isChanging, isReady } from '../game-server/state.ts'
import { inPlaceUpdateReady, ownAnnotations } from '../names.ts'
import { timeOf } from '../time-of.ts'
import { failureOf } from './failure.ts'
import { freshContainers } from './fresh-containers.ts'
import { isRestarted } from '../../../servers/restart.ts'
import { inPlaceStateOf } from './in-place-state.ts'
import { rankOf } from './scale-down-order.ts'

type Lifecycle = DeepReadonly<GameServerSet['spec']['lifecycle']>
type Hook = NonNullable<NonNullable<Lifecycle>['preDelete']>

const known = new WeakMap<DeepReadonly<Pod>, { lifecycle: Lifecycle; deleting: boolean; member: Member }>()

/** One pod as the servers engine sees it. Computed once per version of the pod. */
export function memberOf(pod: DeepReadonly<Pod>, set: DeepReadonly<GameServerSet>, deleting: boolean): Member {
  const { lifecycle } = set.spec
  const found = known.get(pod)
  if (found !== undefined && found.lifecycle === lifecycle && found.deleting === deleting) return found.member
  const member = observe(pod, lifecycle, deleting)
  known.set(pod, { lifecycle, deleting, member })
  return member
}

/** The number after the last dash of a pod name; undefined when there is none. */
export function ordinalOf(podName: string): number | undefined {
  const match = /-(0|[1-9]\d*)$/.exec(podName)
  return match === null ? undefined : Number(match[1])
}

function observe(pod: DeepReadonly<Pod>, lifecycle: Lifecycle, deleting: boolean): Member {
  const ordinal = ordinalOf(pod.metadata.name)
  const podLabels = pod.metadata.labels
  const preparing = podLabels?.[labels.lifecycleState] === 'PreparingDelete' && !deleting
  const change = progressOf(pod)
  const stage = stageOf(pod, deleting || preparing, change)
  const failure = failureOf(pod)
  return {
    key: pod.metadata.name,
    ...(ordinal !== undefined && { ordinal }),
    uid: pod.metadata.uid,
    revision: podLabels?.[labels.revision] ?? '',
    stage,
    ...(stage === 'Ready' && { availableSince: readySince(pod), fresh: freshContainers(pod) }),
    locks: [],
    rank: rankOf(podLabels),
    ...(change !== undefined && { change }),
    images: new Map(pod.spec?.containers.map(({ name, image }) => [name, image ?? ''])),
    held: { delete: isHooked(pod, lifecycle?.preDelete), change: isHooked(pod, lifecycle?.inPlaceUpdate) },
    ...(preparing && {
      preparingDelete: (pod.metadata.annotations?.[ownAnnotations.deleteReason] as DeleteReason | undefined) ?? 'ScaleDown',
    }),
    ...(podLabels?.[labels.specifiedDelete] !== undefined && { recreateRequested: true }),
    ...(failure !== undefined && { failure }),
  }
}

function stageOf(pod: DeepReadonly<Pod>, leaving: boolean, change: InPlaceProgress | undefined): Stage {
  if (leaving) return 'Leaving'
  const phase = pod.status?.phase
  if (phase === 'Failed' || phase === 'Succeeded') return 'Broken'
  if (change !== undefined && change.phase !== 'Hooked') return 'Changing'
  if (isReady(pod)) return 'Ready'
  return pod.spec?.nodeName === undefined || pod.spec.nodeName === '' ? 'Pending' : 'Starting'
}

/**
 * Where an in-place change stands, read back from the pod: hooked by the lifecycle label; drained by the gate's condition alone;
 * patched when the lifecycle label says Updating as well.
 */
function progressOf(pod: DeepReadonly<Pod>): InPlaceProgress | undefined {
  const lifecycle = pod.metadata.labels?.[labels.lifecycleState]
  const gate = conditionOf(pod, inPlaceUpdateReady)
  const since = timeOf(gate?.lastTransitionTime)
  if (lifecycle === 'Updating') {
    const state = inPlaceStateOf(pod)
    return { phase: 'Patched', since, restarted: state === undefined || isRestarted(pod, state.lastContainerStatuses) }
  }
  if (isChanging(pod)) return { phase: 'Drained', since, restarted: false }
  if (lifecycle === 'PreparingUpdate') return { phase: 'Hooked', since, restarted: false }
  return undefined
}

function isHooked(pod: DeepReadonly<Pod>, hook: Hook | undefined): boolean {
  if (hook === undefined) return false
  return (
    Object.entries(hook.labelsHandler ?? {}).some(([key, value]) => pod.metadata.labels?.[key] === value) ||
    (hook.finalizersHandler ?? []).some(finalizer => pod.metadata.finalizers?.includes(finalizer))
  )
}

/** The end of an in-place change is known more exactly than the condition's whole seconds. */
function readySince(pod: DeepReadonly<Pod>): number {
  const since = timeOf(conditionOf(pod, 'Ready')?.lastTransitionTime)
  const restored =
    pod.metadata.labels?.[labels.lifecycleState] === 'Normal' ? timeOf(pod.metadata.annotations?.[annotations.lifecycleTimestamp]) : 0
  return Math.max(since, restored)
}
