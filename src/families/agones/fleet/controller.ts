/** Keeps the GameServerSets of a Fleet: one for its template, and older ones until their servers are gone. */
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import { type Fleet, fleets } from '../../../apis/agones.dev/fleet.ts'
import { gameServers } from '../../../apis/agones.dev/game-server.ts'
import { type GameServerSet, gameServerSets } from '../../../apis/agones.dev/game-server-set.ts'
import { labels } from '../../../apis/agones.dev/labels.ts'
import { isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound, isRefused } from '../../../kube/api-error.ts'
import { type Controller, createController, type Result } from '../../../kube/controller.ts'
import type { MetricsSink } from '../../../kube/metrics.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import { equalJson } from '../../../schema/json.ts'
import type { Instant } from '../../../servers/model.ts'
import { generatedKeys } from '../../../servers/identity.ts'
import type { AgonesContext } from '../context.ts'
import { serversOf } from '../game-server-set/servers-of.ts'
import { statusOf } from '../game-server-set/status.ts'
import { indexes } from '../names.ts'
import { isPaused } from '../update-policy.ts'
import { balance, type Rollout } from './balance.ts'
import { syncHistory } from './history.ts'
import { fleetStatus, type FleetSets, followingPatch, isDone, newSet, setsOf, shareOf, sharedSpec } from './sets.ts'

/** The least time between two status writes of one fleet while it moves. */
const statusIntervalMs = 250

export function createFleetController(context: AgonesContext, options: { workers?: number; metrics?: MetricsSink } = {}): Controller {
  const { client, clock, logger, recorder } = context
  const statusWrittenAt = new Map<ObjectKey, Instant>()

  async function reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result> {
    const fleet = context.fleets.get(key)
    // Owner references take everything away with the fleet.
    if (fleet === undefined || fleet.metadata.deletionTimestamp !== undefined) {
      statusWrittenAt.delete(key)
      return 'done'
    }
    try {
      // What fails does not keep what there is from being counted.
      const [share] = await Promise.allSettled([shareOut(fleet, ownedBy(fleet), signal)])
      const result = await publish(key, fleet, signal)
      if (share.status === 'rejected') throw share.reason
      return result
    } catch (error) {
      if (isConflict(error) || isNotFound(error) || isNamespaceTerminating(error)) return { requeueAfterMs: 1000 }
      throw error
    }
  }

  async function shareOut(fleet: DeepReadonly<Fleet>, owned: readonly DeepReadonly<GameServerSet>[], signal: AbortSignal): Promise<void> {
    await syncHistory(context, fleet, owned, signal)
    const sets = setsOf(fleet, owned)
    if (sets.active === undefined) return createActive(fleet, sets, signal)
    const active = await follow(fleet, sets.active, signal)
    await rebalance(fleet, { ...sets, active }, signal)
  }

  function ownedBy(fleet: DeepReadonly<Fleet>): DeepReadonly<GameServerSet>[] {
    return (
      context.sets
        .byIndex(indexes.controller, fleet.metadata.uid, set => isControlledBy(set, fleet))
        .filter(set => !context.sets.isDeleting(set))
        // What the sets have written of their servers is for people: it comes late, and servers were allocated since.
        .map(set => ({ ...set, status: statusOf(set, serversOf(context, set)) }))
    )
  }

  /** Asked of the API itself: whatever the set still has goes with it. */
  async function isEmpty({ metadata: { name, namespace = '' } }: DeepReadonly<GameServerSet>, signal: AbortSignal): Promise<boolean> {
    const { items } = await client.list(gameServers, { namespace, labelSelector: `${labels.gameServerSet}=${name}`, signal })
    return items.length === 0
  }

  async function createActive(fleet: DeepReadonly<Fleet>, { rest }: FleetSets, signal: AbortSignal): Promise<void> {
    const prefix = `${fleet.metadata.name}-`
    const seed = `${fleet.metadata.uid}/${fleet.metadata.generation ?? 0}`
    const [name = ''] = generatedKeys({ kind: 'generated', prefix, seed }, 1, new Set(rest.map(({ metadata }) => metadata.name)))
    const empty = { name, wanted: 0, replicas: 0, ready: 0, reserved: 0, allocated: 0, leaving: 0 }
    const replicas = balance(rolloutOf(fleet), empty, rest.map(shareOf)).get(name) ?? 0
    try {
      context.sets.wrote(await client.create(gameServerSets, newSet(fleet, name, replicas), { signal }))
      recorder.event(fleet, 'Normal', 'CreatingGameServerSet', `Created GameServerSet ${name}`)
    } catch (error) {
      if (isRefused(error)) recorder.event(fleet, 'Warning', 'FailedCreate', `GameServerSet cannot be created: ${error.message}`)
      if (!isAlreadyExists(error)) throw error
      // Ours, and the watch lags; or somebody else's, whose end is news.
      const existing = await client.get(gameServerSets, { namespace: fleet.metadata.namespace ?? '', name }, { signal })
      if (!isControlledBy(existing, fleet)) throw error
      context.sets.wrote(existing)
    }
  }

  /** Brings a new template to the set whose servers can take it as they are. */
  async function follow(
    fleet: DeepReadonly<Fleet>,
    active: DeepReadonly<GameServerSet>,
    signal: AbortSignal,
  ): Promise<DeepReadonly<GameServerSet>> {
    const steps = followingPatch(fleet, active)
    if (steps.length === 0) return active
    const { name, namespace = '' } = active.metadata
    const written = await client.patch(gameServerSets, { namespace, name }, steps, { type: 'json', signal })
    context.sets.wrote(written)
    if (!equalJson(active.spec.template, written.spec.template))
      recorder.event(fleet, 'Normal', 'UpdatingInPlace', `GameServerSet ${name} takes the new template to its servers`)
    return written
  }

  async function rebalance(
    fleet: DeepReadonly<Fleet>,
    { active, rest }: FleetSets & { readonly active: DeepReadonly<GameServerSet> },
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = balance(rolloutOf(fleet), shareOf(active), rest.map(shareOf))
    for (const set of [active, ...rest]) {
      const replicas = Math.max(0, wanted.get(set.metadata.name) ?? set.spec.replicas)
      const shared = set === active ? sharedSpec(fleet) : {}
      const differs = Object.entries({ replicas, ...shared }).filter(
        ([name, value]) => !equalJson(set.spec[name as keyof typeof set.spec] ?? null, value ?? null),
      )
      const { name, namespace = '', uid } = set.metadata
      if (differs.length > 0) {
        const change = { metadata: { uid }, spec: Object.fromEntries(differs) }
        context.sets.wrote(await client.patch(gameServerSets, { namespace, name }, change, { type: 'merge', signal }))
        if (replicas !== set.spec.replicas)
          recorder.event(fleet, 'Normal', 'ScalingGameServerSet', `Scaling GameServerSet ${name} from ${set.spec.replicas} to ${replicas}`)
        else recorder.event(fleet, 'Normal', 'UpdatingGameServerSet', `Updated GameServerSet ${name}`)
      } else if (set !== active && isDone(set) && (await isEmpty(set, signal))) {
        await client.delete(gameServerSets, { namespace, name }, { preconditions: { uid }, signal })
        context.sets.deleted(set)
        recorder.event(fleet, 'Normal', 'DeletingGameServerSet', `Deleted inactive GameServerSet ${name}`)
      }
    }
  }

  async function publish(key: ObjectKey, fleet: DeepReadonly<Fleet>, signal: AbortSignal): Promise<Result> {
    const status = fleetStatus(fleet, ownedBy(fleet))
    if (equalJson(fleet.status ?? {}, status)) return 'done'
    const due = (statusWrittenAt.get(key) ?? 0) + statusIntervalMs
    const now = clock.now()
    if (now < due) return { requeueAfterMs: due - now }
    statusWrittenAt.set(key, now)
    const { name, namespace = '', uid } = fleet.metadata
    const change = { metadata: { uid }, status: { counters: null, lists: null, ...status } }
    context.fleets.wrote(await client.patch(fleets, { namespace, name }, change, { type: 'merge', subresource: 'status', signal }))
    return 'done'
  }

  return createController({
    name: 'agones-fleet',
    reconcile,
    workers: options.workers ?? 4,
    clock,
    logger,
    ...(options.metrics && { metrics: options.metrics }),
  })
}

function rolloutOf(fleet: DeepReadonly<Fleet>): Rollout {
  const { spec } = fleet
  const { maxSurge = defaults.surge, maxUnavailable = defaults.unavailable } = spec.strategy?.rollingUpdate ?? {}
  const type = spec.strategy?.type === 'Recreate' ? 'Recreate' : 'RollingUpdate'
  return { replicas: spec.replicas ?? 0, type, maxSurge, maxUnavailable, paused: isPaused(fleet) }
}
