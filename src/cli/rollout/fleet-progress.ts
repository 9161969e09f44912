import { annotations } from '../../apis/agones.dev/annotations.ts'
import type { Fleet } from '../../apis/agones.dev/fleet.ts'
import type { GameServer } from '../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../apis/core/types.generated.ts'
import { active, isInUse } from '../../families/agones/game-server/life.ts'
import { isLeaving } from '../../families/agones/game-server-set/member.ts'
import { hasTemplate, revisionName, templateHash } from '../../families/agones/revision.ts'
import { isPaused, partitionOf } from '../../families/agones/update-policy.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { explanationOf } from '../../servers/waiting.ts'
import { podTrouble } from './pod-trouble.ts'
import type { RolloutProgress, ServerProgress } from './progress.ts'

/** What is known of a Fleet when its progress is judged. */
export interface FleetView {
  readonly fleet: DeepReadonly<Fleet>
  /** Those with the Fleet's label. */
  readonly servers: readonly DeepReadonly<GameServer>[]
  /** Of these servers, and perhaps of others. */
  readonly pods: readonly DeepReadonly<Pod>[]
}

/**
 * Judges how far a Fleet has come with its newest template and its number of servers, and why it is not further. Servers in use keep their version
 * for as long as somebody plays, so that a rollout is done without them.
 */
export function fleetProgress({ fleet, servers: all, pods }: FleetView): RolloutProgress {
  const wanted = fleet.spec.replicas ?? 0
  const newest = templateHash(fleet.spec.template)
  const partition = Math.min(wanted, partitionOf(fleet))
  const isUpdated = (server: DeepReadonly<GameServer>): boolean => hasTemplate(server, fleet.spec.template)
  const living = all.filter(server => !isLeaving(server))
  const oldCount = living.filter(server => !isUpdated(server)).length
  const podsByName = new Map(pods.map(pod => [pod.metadata.name, pod]))
  const rule: Rule = { keeps: oldCount <= partition, isPaused: isPaused(fleet) }
  const servers = all
    .map(server => serverProgress(server, podsByName.get(server.metadata.name), isUpdated(server), rule))
    .toSorted((one, other) => one.server.localeCompare(other.server, 'en', { numeric: true }))
  // Servers in use stay, however few are wanted.
  const expected = Math.max(wanted, living.filter(isInUse).length)
  const isHeld = rule.isPaused && servers.some(({ stage }) => stage === 'waiting')
  const reasons = [
    ...(fleet.metadata.deletionTimestamp === undefined ? [] : ['the Fleet is being deleted']),
    ...(isHeld ? [`the rollout is paused (annotation ${annotations.paused})`] : []),
    ...(living.length < expected ? [`${expected - living.length} of ${expected} servers do not exist yet`] : []),
    ...(living.length > expected ? [`${living.length - expected} servers are still to be removed`] : []),
  ]
  const isDone =
    living.length === expected && all.length === living.length && servers.every(({ stage }) => stage === 'done' || stage === 'kept')
  const count = (is: (server: ServerProgress) => boolean): number => servers.filter(one => is(one) && one.stage !== 'ending').length
  return {
    isDone,
    wanted,
    wantedUpdated: wanted - partition,
    updated: count(one => one.isUpdated),
    ready: count(one => one.isReady),
    servers,
    reasons: isDone ? [] : reasons,
    revision: revisionName(fleet.metadata.name, newest),
  }
}

interface Rule {
  /** Whether the servers on an old version are those that may stay there. */
  readonly keeps: boolean
  readonly isPaused: boolean
}

function serverProgress(
  server: DeepReadonly<GameServer>,
  pod: DeepReadonly<Pod> | undefined,
  isUpdated: boolean,
  { keeps, isPaused: paused }: Rule,
): ServerProgress {
  const { metadata, status } = server
  const state = status?.state ?? 'Creating'
  const isReady = (active as readonly string[]).includes(state)
  const of = (stage: ServerProgress['stage'], why: string): ServerProgress => ({ server: metadata.name, stage, isUpdated, isReady, why })
  const trouble = pod && podTrouble(pod)
  if (isLeaving(server)) return of('ending', 'is ending')
  if (state === 'Unhealthy') return of('ending', 'is Unhealthy, and another one takes its place')
  if (state === 'Error') return of('starting', 'is in state Error: its events say why')
  if (!isUpdated && isInUse(server)) return of('kept', `is ${state}: ${explanationOf('Locked')} and keeps its version until it is free`)
  if (!isUpdated && !keeps) return of('waiting', paused ? explanationOf('Paused') : (trouble ?? explanationOf('MaxUnavailable')))
  if (metadata.annotations?.[annotations.updating] !== undefined) return of('changing', trouble ?? explanationOf('Restarting'))
  if (metadata.annotations?.[annotations.updatingMetadata] !== undefined) return of('changing', 'its pod gets new labels and annotations')
  if (!isReady) return of('starting', trouble ?? `is ${state}: ${explanationOf('NotReady')}`)
  return isUpdated ? of('done', '') : of('kept', explanationOf('Partition'))
}
