/** The life of one GameServer: ports, pod, address, and its end. What has to be done is decided in `decide.ts`. */
import { confirmationDeadline } from '../../../apis/agones.dev/confirmation.ts'
import { type GameServer, gameServers } from '../../../apis/agones.dev/game-server.ts'
import { gameServerSets } from '../../../apis/agones.dev/game-server-set.ts'
import { pods } from '../../../apis/core/resources.generated.ts'
import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import { isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound, isRefused } from '../../../kube/api-error.ts'
import { type Controller, createController, type Result } from '../../../kube/controller.ts'
import type { MetricsSink } from '../../../kube/metrics.ts'
import { type DeepReadonly, keyOf, type ObjectKey } from '../../../kube/object.ts'
import { controllerOf, isControlledBy } from '../../../kube/owner-reference.ts'
import { invalidStatus } from '../../../schema/status.ts'
import type { Instant } from '../../../servers/model.ts'
import type { CloudProduct } from '../cloud-product/cloud-product.ts'
import type { AgonesContext } from '../context.ts'
import { sidecarsMayChangeInUse } from '../update-policy.ts'
import { placeAddresses } from './addresses.ts'
import { isOfNetwork } from '../../../apis/agones.dev/address-order.ts'
import { chooseHostPorts, holdHostPorts } from './host-ports.ts'
import { isDevelopment } from './facts.ts'
import { decide, type DecisionInput, type Told } from './decide.ts'
import { podChange } from './in-place.ts'
import { NetworkClaims } from './network-claims.ts'
import { newPod } from './new-pod.ts'
import { SdkAccounts } from './sdk-account.ts'
import { validateGameServer } from './validate.ts'
import { waitingReason } from './waiting.ts'

/** What this process saw of one server; a restart only means that it looks again. */
interface Memo {
  readonly uid: string
  /** The API was asked for the pod, and there was none, at this version of the server. */
  goneAt?: string
  /** Since when the node has lacked the published address. */
  movedSince?: Instant
  /** What was last told of why it waits. */
  waiting?: string
}

/** So long a node may lack an address before the servers on it count as moved: addresses flicker while kubelets restart. */
const movedAfterMs = 60_000

export function createServerController(context: AgonesContext, options: { workers?: number; metrics?: MetricsSink } = {}): Controller {
  const { client, clock, config, logger, recorder } = context
  const memos = new Map<ObjectKey, Memo>()
  const accounts = new SdkAccounts(context)
  const networks = new NetworkClaims(context)

  async function reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result> {
    const server = context.servers.get(key)
    if (server === undefined) {
      memos.delete(key)
      context.hostPorts.release(key)
      await networks.forget(key, signal)
      return 'done'
    }
    let memo = memos.get(key)
    if (memo?.uid !== server.metadata.uid) memos.set(key, (memo = { uid: server.metadata.uid }))
    try {
      return await look(key, server, memo, signal)
    } catch (error) {
      // The news of what happened meanwhile is on its way.
      if (isConflict(error) || isNotFound(error) || isNamespaceTerminating(error)) return { requeueAfterMs: 1000 }
      throw error
    }
  }

  async function look(key: ObjectKey, server: DeepReadonly<GameServer>, memo: Memo, signal: AbortSignal): Promise<Result> {
    const pod = await podOf(key, server, memo, signal)
    holdHostPorts(context, key, server, pod)
    const node = pod?.spec?.nodeName ? context.nodes.get(pod.spec.nodeName) : undefined
    const network = await networks.look(key, server, pod, signal)
    const waits = [observeAddress(server, node, pod, memo), network?.waitMs, untilConfirmed(server)].filter(ms => ms !== undefined)
    const input: DecisionInput = {
      server,
      pod,
      node,
      network: network?.view,
      isPodConfirmedGone: memo.goneAt === server.metadata.resourceVersion,
      hasMoved: memo.movedSince !== undefined && clock.now() - memo.movedSince >= movedAfterMs,
      refusal: mistakesOf(server, config.cloudProduct),
      cloudProduct: config.cloudProduct,
      gates: config.gates,
      hostPorts: chooseHostPorts(context, key, server),
      sidecarsInUse: sidecarsInUse(context, server),
      sdkVersion: config.sdkVersion,
      now: clock.now(),
    }
    const stored = await apply(input, signal)
    tellWaiting(input, memo)
    return stored === 'again' ? { requeueAfterMs: 1000 } : waits.length === 0 ? 'done' : { requeueAfterMs: Math.min(...waits) }
  }

  /** The pod that this very server controls. That there is none counts only when the API itself says so. */
  async function podOf(
    key: ObjectKey,
    server: DeepReadonly<GameServer>,
    memo: Memo,
    signal: AbortSignal,
  ): Promise<DeepReadonly<Pod> | undefined> {
    const known = context.pods.get(key)
    if (known !== undefined && isControlledBy(known, server)) return known
    // Before it is made there is none, and who makes it hears of one that is there.
    if (memo.goneAt === server.metadata.resourceVersion || mayLackPod(server)) return undefined
    const { name, namespace = '' } = server.metadata
    try {
      const found = await client.get(pods, { namespace, name }, { signal })
      if (isControlledBy(found, server)) return found
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    memo.goneAt = server.metadata.resourceVersion
    return undefined
  }

  /** Notes how long the node has lacked the published address; when to look again. */
  function observeAddress(
    server: DeepReadonly<GameServer>,
    node: DeepReadonly<Node> | undefined,
    pod: DeepReadonly<Pod> | undefined,
    memo: Memo,
  ): number | undefined {
    const { address = '', nodeName = '', addresses } = server.status ?? {}
    // That of a network is not the node's to have.
    const isElsewhere = (addresses ?? []).some(known => known.address === address && isOfNetwork(known))
    const has = (one: DeepReadonly<Node>): boolean =>
      isElsewhere || pod === undefined || placeAddresses(one, pod).some(known => known.address === address)
    const isThere = node === undefined || node.metadata.name !== nodeName || has(node)
    if (address === '' || nodeName === '' || node === undefined || isThere) {
      delete memo.movedSince
      return undefined
    }
    memo.movedSince ??= clock.now()
    return Math.max(1, memo.movedSince + movedAfterMs - clock.now())
  }

  /** When to look whether somebody has confirmed the allocation. */
  function untilConfirmed(server: DeepReadonly<GameServer>): number | undefined {
    const left = (confirmationDeadline(server) ?? 0) - clock.now()
    return left > 0 ? left : undefined
  }

  /** Does what is decided: the change first, so that what follows finds it stored. */
  async function apply(input: DecisionInput, signal: AbortSignal): Promise<'done' | 'again'> {
    const { change, next, events } = decide(input)
    let { server } = input
    const { name, namespace = '' } = server.metadata
    if (change !== undefined) {
      server = await client.patch(gameServers, { namespace, name }, change, { type: 'merge', signal })
      context.servers.wrote(server)
    }
    tell(server, events)
    if (next === 'deletePod' && input.pod !== undefined) {
      const { uid } = input.pod.metadata
      await client.delete(pods, { namespace, name }, { preconditions: { uid }, signal })
      context.pods.deleted(input.pod)
    } else if (next === 'deleteServer') {
      tell(server, [{ type: 'Normal', reason: 'Shutdown', message: 'Deletion started' }])
      await client.delete(gameServers, { namespace, name }, { preconditions: { uid: server.metadata.uid }, signal })
      context.servers.deleted(server)
    } else if (next === 'changePod' && input.pod !== undefined) {
      const { patch, message } = podChange(server, input.pod, config.gates)
      try {
        context.pods.wrote(await client.patch(pods, { namespace, name }, patch, { type: 'strategic', signal }))
      } catch (error) {
        if (isRefused(error))
          tell(server, [{ type: 'Warning', reason: 'UpdateRefused', message: `the pod cannot be changed: ${error.message}` }])
        throw error
      }
      tell(server, [{ type: 'Normal', reason: 'UpdatingInPlace', message }])
    } else if (next === 'createPod') return createPod(server, input, signal)
    return 'done'
  }

  async function createPod(server: DeepReadonly<GameServer>, input: DecisionInput, signal: AbortSignal): Promise<'done' | 'again'> {
    const key = keyOf(server)
    await accounts.ensure(server.metadata.namespace ?? 'default', signal)
    const prepared = networks.prepare(key, server)
    if (prepared === undefined) return 'again'
    try {
      context.pods.wrote(await client.create(pods, newPod(server, config, prepared.ports), { signal }))
      tell(server, [{ type: 'Normal', reason: 'Creating', message: `Pod ${server.metadata.name} created` }])
      return 'done'
    } catch (error) {
      networks.unprepare(key)
      // One of an earlier server that goes, or ours that the watch has not shown yet: both come with news.
      if (isAlreadyExists(error)) return 'again'
      if (!isRefused(error)) throw error
      return apply({ ...input, server, refusal: error.message }, signal)
    }
  }

  /** Once per reason, on the user's own object: nobody looks at the pod of a server that is not there. */
  function tellWaiting({ server, pod, hostPorts }: DecisionInput, memo: Memo): void {
    const reason = waitingReason(server, pod, hostPorts, config)
    if (reason !== undefined && reason !== memo.waiting)
      tell(server, [{ type: 'Warning', reason: server.status?.state ?? 'PortAllocation', message: reason }])
    if (reason === undefined) delete memo.waiting
    else memo.waiting = reason
  }

  function tell(server: DeepReadonly<GameServer>, events: readonly Told[]): void {
    for (const { type, reason, message } of events) recorder.event(server, type, reason, message)
  }

  return createController({
    name: 'agones-gameserver',
    reconcile,
    workers: options.workers ?? 32,
    clock,
    logger,
    ...(options.metrics && { metrics: options.metrics }),
  })
}

/** The set says it, as its Fleet does; a server on its own says it itself. */
function sidecarsInUse(context: AgonesContext, server: DeepReadonly<GameServer>): boolean {
  const owner = controllerOf(server)
  const set = owner?.kind === gameServerSets.kind ? context.sets.get(`${server.metadata.namespace ?? ''}/${owner.name}`) : undefined
  return [server, set].some(object => object !== undefined && sidecarsMayChangeInUse(object))
}

function mayLackPod(server: DeepReadonly<GameServer>): boolean {
  const { metadata, status } = server
  const isNew = status?.state === undefined || status.state === 'PortAllocation' || status.state === 'Creating'
  return isDevelopment(server) || (isNew && metadata.deletionTimestamp === undefined)
}

/** What admission would have refused, of a server that has not seen any. Only of new ones: whoever plays is left alone. */
function mistakesOf(server: DeepReadonly<GameServer>, product: CloudProduct): string | undefined {
  if (server.status?.state !== undefined || server.metadata.deletionTimestamp !== undefined) return undefined
  const errors = validateGameServer(server, product)
  return errors.length === 0 ? undefined : invalidStatus(gameServers, server.metadata.name, errors).message
}
