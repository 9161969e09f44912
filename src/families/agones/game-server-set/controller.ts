/** Keeps the servers of a GameServerSet as many as they should be. Which ones come and go is the servers engine's to plan. */
import { type GameServer, gameServers } from '../../../apis/agones.dev/game-server.ts'
import { type GameServerSet, gameServerSets } from '../../../apis/agones.dev/game-server-set.ts'
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import { isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound, isRefused } from '../../../kube/api-error.ts'
import { type Controller, createController, type Result } from '../../../kube/controller.ts'
import type { MetricsSink } from '../../../kube/metrics.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import { equalJson } from '../../../schema/json.ts'
import type { Instant, Member, Step, Template, Wanted } from '../../../servers/model.ts'
import { plan } from '../../../servers/plan.ts'
import { takeAll } from '../../../servers/take-steps.ts'
import { controllerOf } from '../../../kube/owner-reference.ts'
import type { AgonesContext } from '../context.ts'
import { directedImages } from '../game-server/directed.ts'
import { chooseHostPorts } from '../game-server/host-ports.ts'
import { revisionName, type ServerTemplate, storedTemplate, templateHash } from '../revision.ts'
import { type InPlacePolicy, inPlacePolicyOf } from '../update-policy.ts'
import { revisionOfServer, templateChange } from './in-place.ts'
import { isLeaving, memberOf, nextErrorEnd } from './member.ts'
import { newServer } from './new-server.ts'
import { overflowChange, overflowing } from './overflow.ts'
import { loadOfNodes, ranksOf, scaleDownOrder } from './scale-down-order.ts'
import { serversOf } from './servers-of.ts'
import { statusOf } from './status.ts'

/** Steps of one pass; more come with the next, so that other sets have their turn. */
const stepsPerPass = 256
/** Writes of one set that are under way at a time. */
const parallel = 48
/** The least time between two status writes of one set while it moves. */
const statusIntervalMs = 250

interface Memo {
  statusWrittenAt: Instant
  /** Passes so far: no two make up the same names. */
  passes: number
}

export function createSetController(context: AgonesContext, options: { workers?: number; metrics?: MetricsSink } = {}): Controller {
  const memos = new Map<ObjectKey, Memo>()
  const { client, clock, config, logger, recorder } = context

  async function reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result> {
    const set = context.sets.get(key)
    // Owner references take everything away with the set; until then nothing is made again.
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) {
      memos.delete(key)
      return 'done'
    }
    const memo = memos.get(key) ?? { statusWrittenAt: 0, passes: 0 }
    memos.set(key, memo)
    try {
      return await reconcileSet(set, memo, signal)
    } catch (error) {
      // Somebody else wrote first, or the namespace is going: the news of it is on its way.
      if (isConflict(error) || isNotFound(error) || isNamespaceTerminating(error)) return { requeueAfterMs: 1000 }
      throw error
    }
  }

  async function reconcileSet(set: DeepReadonly<GameServerSet>, memo: Memo, signal: AbortSignal): Promise<Result> {
    const now = clock.now()
    const servers = serversOf(context, set)
    const policy = inPlacePolicyOf(set)
    const wanted = wantedOf(set, `${set.metadata.uid}/${now}/${(memo.passes += 1)}`, policy, servers)
    const members = membersOf(set, servers, policy, now)
    const { steps } = plan(wanted, members, now)
    const taken = steps.slice(0, stepsPerPass)
    const planned = await takeAll(taken, parallel, step => take(set, step, signal), signal)
    const beyond = overflowing(set, servers, new Map(members.map(member => [member.key, member])))
    const told = await takeAll(beyond, parallel, server => tellBeyond(set, server, signal), signal)
    const error = planned.error ?? told.error
    const waits = taken.length < steps.length ? [1] : []
    const errorEnd = nextErrorEnd(servers, now)
    if (errorEnd !== undefined) waits.push(errorEnd - now)
    // Also where something failed: what there is can be counted all the same.
    await publish(set, memo, waits, signal)
    if (error !== undefined) throw error
    return waits.length === 0 ? 'done' : { requeueAfterMs: Math.max(1, Math.min(...waits)) }
  }

  function membersOf(
    set: DeepReadonly<GameServerSet>,
    servers: readonly DeepReadonly<GameServer>[],
    policy: InPlacePolicy | undefined,
    now: Instant,
  ): Member[] {
    // Otherwise nobody leaves, and nobody asks in which order.
    const isBeyond = servers.length > set.spec.replicas
    const ranks = isBeyond ? ranksOf(servers, loadOfNodes(context.servers.list()), set.spec.priorities ?? []) : undefined
    const revisionOf = (server: DeepReadonly<GameServer>) => (policy === undefined ? set.metadata.uid : revisionOfServer(server))
    return servers.map(server =>
      memberOf(server, context.servers.isDeleting(server), revisionOf(server), policy, ranks?.get(server) ?? {}, now),
    )
  }

  async function take(set: DeepReadonly<GameServerSet>, step: Step, signal: AbortSignal): Promise<void> {
    const namespace = set.metadata.namespace ?? 'default'
    if (step.do === 'create') {
      const key = `${namespace}/${step.key}`
      const made = newServer(set, step.key, chooseHostPorts(context, key, set.spec.template), config.sdkVersion)
      try {
        context.servers.wrote(await client.create(gameServers, made, { signal }))
        recorder.event(set, 'Normal', 'SuccessfulCreate', `Created gameserver: ${step.key}`)
      } catch (error) {
        context.hostPorts.release(key)
        // Another name comes with the next pass.
        if (isAlreadyExists(error)) return
        if (isRefused(error)) recorder.event(set, 'Warning', 'FailedCreate', `Gameserver cannot be created: ${error.message}`)
        throw error
      }
    } else if (step.do === 'delete') {
      const server = context.servers.get(`${namespace}/${step.member.key}`)
      if (server === undefined || isLeaving(server)) return
      const { resourceVersion, name } = server.metadata
      // Only as we saw it: one that was allocated meanwhile stays.
      const change = { metadata: { resourceVersion }, status: { state: 'Shutdown' } }
      context.servers.wrote(await client.patch(gameServers, { namespace, name }, change, { type: 'merge', signal }))
      recorder.event(set, 'Normal', 'SuccessfulDelete', `Deleted gameserver in state ${server.status?.state ?? ''}: ${name}`)
    } else if (step.do === 'change' || step.do === 'advance') {
      const server = context.servers.get(`${namespace}/${step.member.key}`)
      if (server === undefined || isLeaving(server)) return
      const change = templateChange(server, {
        set,
        from: knownTemplate(set, step.member.revision),
        containers: step.change.images.map(({ container }) => container),
        sdkVersion: config.sdkVersion,
      })
      context.servers.wrote(await client.patch(gameServers, { namespace, name: step.member.key }, change, { type: 'json', signal }))
      recorder.event(set, 'Normal', 'UpdatingInPlace', `Updating gameserver in state ${server.status?.state ?? ''}: ${step.member.key}`)
    }
  }

  async function tellBeyond(set: DeepReadonly<GameServerSet>, server: DeepReadonly<GameServer>, signal: AbortSignal): Promise<void> {
    const { name, namespace = '' } = server.metadata
    const change = overflowChange(set, server)
    context.servers.wrote(await client.patch(gameServers, { namespace, name }, change, { type: 'merge', signal }))
  }

  /** As the history of the Fleet has it. */
  function knownTemplate({ metadata }: DeepReadonly<GameServerSet>, revision: string): ServerTemplate | undefined {
    const owner = controllerOf({ metadata })
    const stored = owner && context.revisions.get(`${metadata.namespace ?? ''}/${revisionName(owner.name, revision)}`)
    return stored && storedTemplate(stored)
  }

  async function publish(set: DeepReadonly<GameServerSet>, memo: Memo, waits: number[], signal: AbortSignal): Promise<void> {
    const status = statusOf(set, serversOf(context, set))
    const { name, namespace = '', uid } = set.metadata
    if (equalJson(set.status ?? {}, status)) return
    const now = clock.now()
    if (now < memo.statusWrittenAt + statusIntervalMs) {
      waits.push(memo.statusWrittenAt + statusIntervalMs - now)
      return
    }
    memo.statusWrittenAt = now
    const change = { metadata: { uid }, status: { counters: null, lists: null, ...status } }
    context.sets.wrote(await client.patch(gameServerSets, { namespace, name }, change, { type: 'merge', subresource: 'status', signal }))
  }

  return createController({
    name: 'agones-gameserverset',
    reconcile,
    workers: options.workers ?? 4,
    clock,
    logger,
    ...(options.metrics && { metrics: options.metrics }),
  })
}

/**
 * A set has one template for ever, so nothing of it is ever out of date; unless its servers are changed in place, and then each of them carries
 * the pod's template that it has, and the name of the whole.
 */
function wantedOf(
  { metadata, spec }: DeepReadonly<GameServerSet>,
  seed: string,
  policy: InPlacePolicy | undefined,
  servers: readonly DeepReadonly<GameServer>[],
): Wanted {
  const template = spec.template.spec.template as Template
  return {
    replicas: spec.replicas,
    identity: { kind: 'generated', prefix: `${metadata.name}-`, seed },
    target: { id: policy === undefined ? metadata.uid : templateHash(spec.template), template },
    revisions: new Map(policy === undefined ? [] : servers.map(server => [revisionOfServer(server), server.spec.template as Template])),
    update: {
      mode: policy === undefined ? 'OnDelete' : 'InPlaceIfPossible',
      partition: policy?.partition ?? 0,
      maxUnavailable: policy?.maxUnavailable ?? 1,
      maxSurge: 0,
      paused: policy?.paused ?? false,
      minReadySeconds: 0,
      settleMs: 0,
      gracePeriodSeconds: 0,
      order: [],
    },
    scale: { order: scaleDownOrder(spec.scheduling ?? defaults.scheduling, spec.priorities ?? []) },
    // They are brought to the pod whatever the template; here they only keep the template away from their containers.
    overrides: new Map(
      servers.flatMap(server => {
        const directed = directedImages(server)
        return directed.length === 0 ? [] : [[server.metadata.name, directed]]
      }),
    ),
  }
}
