import { inPlaceUpdateReady } from '../../families/okg/names.ts'
import type { ControllerRevision, Pod } from '../../apis/core/types.generated.ts'
import { annotations } from '../../apis/game.kruise.io/annotations.ts'
import type { GameServerSet } from '../../apis/game.kruise.io/game-server-set.ts'
import type { GameServer } from '../../apis/game.kruise.io/game-server.ts'
import { labels } from '../../apis/game.kruise.io/labels.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { podTrouble } from './pod-trouble.ts'

/** What is known of a set when its progress is judged. */
export interface RolloutView {
  readonly set: DeepReadonly<GameServerSet>
  /** Pods with the set's owner label. */
  readonly pods: readonly DeepReadonly<Pod>[]
  readonly gameServers: readonly DeepReadonly<GameServer>[]
  /** Those the set owns. */
  readonly revisions: readonly DeepReadonly<ControllerRevision>[]
}

export interface ServerProgress {
  readonly server: string
  /** `done` is updated (or meant to stay as it is) and ready. */
  readonly stage: 'done' | 'kept' | 'waiting' | 'changing' | 'starting' | 'ending' | 'missing'
  readonly isUpdated: boolean
  readonly isReady: boolean
  /** Why it is not done, or kept; empty when there is nothing to say. */
  readonly why: string
}

export interface RolloutProgress {
  readonly isDone: boolean
  /** Servers that should exist. */
  readonly wanted: number
  /** Of these, how many should run the newest revision. */
  readonly wantedUpdated: number
  readonly updated: number
  readonly ready: number
  readonly servers: readonly ServerProgress[]
  /** What stands in the way of the set as a whole. */
  readonly reasons: readonly string[]
  /** Name of the newest revision. */
  readonly revision: string | undefined
}

/** Judges how far a set has come with its newest template and its number of servers, and why it is not further. */
export function rolloutProgress(view: RolloutView): RolloutProgress {
  const { set, pods, gameServers } = view
  const { replicas, updateStrategy } = set.spec
  const newest = view.revisions.toSorted((one, other) => other.revision - one.revision)[0]?.metadata.name
  const isOnDelete = updateStrategy?.type === 'OnDelete' && updateStrategy.rollingUpdate === undefined
  const partition = isOnDelete ? replicas : Math.min(replicas, updateStrategy?.rollingUpdate?.partition ?? 0)
  const isPaused = updateStrategy?.rollingUpdate?.paused === true
  const isSeen = (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0)
  const living = pods.filter(pod => pod.metadata.deletionTimestamp === undefined)
  const oldCount = living.filter(pod => !isUpdatedPod(pod, newest)).length
  const keeps = isSeen && oldCount <= partition
  const rule: Rule = {
    newest,
    keeps,
    keptBecause: isOnDelete ? 'gets the new version when it is deleted' : 'stays on the old version because of the partition',
    isPaused,
  }
  const servers = pods
    .map(pod =>
      serverProgress(
        pod,
        gameServers.find(({ metadata }) => metadata.name === pod.metadata.name),
        rule,
      ),
    )
    .toSorted((one, other) => one.server.localeCompare(other.server, 'en', { numeric: true }))
  const wantedUpdated = replicas - partition
  const updated = servers.filter(({ isUpdated, stage }) => isUpdated && stage !== 'ending').length
  const ready = servers.filter(({ isReady, stage }) => isReady && stage !== 'ending').length
  const reasons = [
    ...(set.metadata.deletionTimestamp === undefined ? [] : ['the set is being deleted']),
    ...(isSeen ? [] : ['the controller has not seen the latest change yet']),
    ...(isPaused && oldCount > partition ? ['the rollout is paused (spec.updateStrategy.rollingUpdate.paused)'] : []),
    ...(living.length < replicas ? [`${replicas - living.length} of ${replicas} servers do not exist yet`] : []),
    ...(living.length > replicas ? [`${living.length - replicas} servers are still to be removed`] : []),
    ...troubles(set),
  ]
  const isDone =
    isSeen &&
    living.length === replicas &&
    pods.length === living.length &&
    servers.every(({ stage }) => stage === 'done' || stage === 'kept')
  return { isDone, wanted: replicas, wantedUpdated, updated, ready, servers, reasons: isDone ? [] : reasons, revision: newest }
}

interface Rule {
  readonly newest: string | undefined
  /** Whether the servers on an old version are those that may stay there. */
  readonly keeps: boolean
  readonly keptBecause: string
  readonly isPaused: boolean
}

function serverProgress(pod: DeepReadonly<Pod>, gameServer: DeepReadonly<GameServer> | undefined, rule: Rule): ServerProgress {
  const isUpdated = isUpdatedPod(pod, rule.newest)
  const isReady = isConditionTrue(pod, 'Ready')
  const server = pod.metadata.name
  const of = (stage: ServerProgress['stage'], why: string): ServerProgress => ({ server, stage, isUpdated, isReady, why })
  const trouble = podTrouble(pod)
  if (pod.metadata.deletionTimestamp !== undefined) return of('ending', 'is ending')
  const state = pod.metadata.labels?.[labels.lifecycleState]
  if (state === 'PreparingDelete') return of('ending', 'waits for its preDelete hook')
  if (state === 'PreparingUpdate') return of('changing', 'waits for its in-place hook')
  if (!isUpdated && !rule.keeps) {
    return of('waiting', trouble ?? (rule.isPaused ? 'waits: the rollout is paused' : 'waits for its turn'))
  }
  if (pod.metadata.annotations?.[annotations.inPlaceUpdateState] !== undefined && !isConditionTrue(pod, inPlaceUpdateReady)) {
    return of('changing', trouble ?? 'its containers are changing')
  }
  if (!isReady) return of('starting', trouble ?? 'is not ready yet')
  const network = gameServer?.status?.networkStatus
  if (
    network !== undefined &&
    network.desiredNetworkState !== 'NotReady' &&
    network.currentNetworkState !== undefined &&
    network.currentNetworkState !== 'Ready'
  ) {
    return of('starting', 'has no address yet')
  }
  return isUpdated ? of('done', '') : of('kept', rule.keptBecause)
}

function isUpdatedPod(pod: DeepReadonly<Pod>, newest: string | undefined): boolean {
  return newest === undefined || pod.metadata.labels?.[labels.revision] === newest
}

function isConditionTrue(pod: DeepReadonly<Pod>, type: string): boolean {
  return pod.status?.conditions?.some(condition => condition.type === type && condition.status === 'True') === true
}

/** Conditions that speak of the way things go, or of single servers, whose own lines say more. */
const noTrouble = new Set(['Progressing', 'SpecIgnored', 'ServersFailing'])

/** What the controller itself says stands in the way. */
function troubles({ status }: DeepReadonly<GameServerSet>): string[] {
  return (status?.conditions ?? [])
    .filter(({ type, status: value }) => value === 'True' && !noTrouble.has(type))
    .map(({ type, message }) => `${type}: ${message ?? ''}`.trimEnd())
}
