/** The life of one GameServer: ports, pod, address, and its end. What has to be done is decided in `decide.ts`. */
import { type GameServer, gameServers } from '../../../apis/agones.dev/game-server.ts'
import { pods } from '../../../apis/core/resources.generated.ts'
import type { Node, Pod } from '../../../apis/core/types.generated.ts'
import { isAlreadyExists, isConflict, isForbidden, isInvalid, isNamespaceTerminating, isNotFound } from '../../../kube/api-error.ts'
import { type Controller, createController, type Result } from '../../../kube/controller.ts'
import type { MetricsSink } from '../../../kube/metrics.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import type { Instant } from '../../../servers/model.ts'
import type { AgonesContext } from '../context.ts'
import { statusAddresses } from './addresses.ts'
import { chooseHostPorts, holdHostPorts } from './host-ports.ts'
import { isDevelopment } from './facts.ts'
import { decide, type DecisionInput, type Told } from './decide.ts'
import { podChange, updateOf } from './in-place.ts'
import { newPod } from './new-pod.ts'
import { SdkAccounts } from './sdk-account.ts'

/** What this process saw of one server; a restart only means that it looks again. */
interface Memo {
  readonly uid: string
  /** The API was asked for the pod, and there was none, at this version of the server. */
  goneAt?: string
  /** Since when the node has lacked the published address. */
  movedSince?: Instant
}

/** So long a node may lack an address before the servers on it count as moved: addresses flicker while kubelets restart. */
const movedAfterMs = 60_000

export function createServerController(context: AgonesContext, options: { workers?: number; metrics?: MetricsSink } = {}): Controller {
  const { client, clock, config, logger, recorder } = context
  const memos = new Map<ObjectKey, Memo>()
  const accounts = new SdkAccounts(context)

  async function reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result> {
    const server = context.servers.get(key)
    if (server === undefined) {
      memos.delete(key)
      context.hostPorts.release(key)
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
    const waitMs = observeAddress(server, node, pod, memo)
    const input: DecisionInput = {
      server,
      pod,
      node,
      isPodConfirmedGone: memo.goneAt === server.metadata.resourceVersion,
      hasMoved: memo.movedSince !== undefined && clock.now() - memo.movedSince >= movedAfterMs,
      refusal: undefined,
      hostPorts: chooseHostPorts(context, key, server),
      sdkVersion: config.sdkVersion,
      now: clock.now(),
    }
    const stored = await apply(input, signal)
    return stored === 'again' ? { requeueAfterMs: 1000 } : waitMs === undefined ? 'done' : { requeueAfterMs: waitMs }
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
    const { address = '', nodeName = '' } = server.status ?? {}
    const has = (one: DeepReadonly<Node>): boolean =>
      pod === undefined || statusAddresses(one, pod).some(known => known.address === address)
    const isThere = node === undefined || node.metadata.name !== nodeName || has(node)
    if (address === '' || nodeName === '' || node === undefined || isThere) {
      delete memo.movedSince
      return undefined
    }
    memo.movedSince ??= clock.now()
    return Math.max(1, memo.movedSince + movedAfterMs - clock.now())
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
      const images = updateOf(server, input.pod)?.missing ?? []
      const change = podChange(server, input.pod, images)
      context.pods.wrote(await client.patch(pods, { namespace, name }, change, { type: 'strategic', signal }))
      tell(server, [
        {
          type: 'Normal',
          reason: 'UpdatingInPlace',
          message: images.map(({ container, image }) => `${container} runs ${image}`).join(', '),
        },
      ])
    } else if (next === 'createPod') return createPod(server, input, signal)
    return 'done'
  }

  async function createPod(server: DeepReadonly<GameServer>, input: DecisionInput, signal: AbortSignal): Promise<'done' | 'again'> {
    await accounts.ensure(server.metadata.namespace ?? 'default', signal)
    try {
      context.pods.wrote(await client.create(pods, newPod(server, config.sidecar), { signal }))
      tell(server, [{ type: 'Normal', reason: 'Creating', message: `Pod ${server.metadata.name} created` }])
      return 'done'
    } catch (error) {
      // One of an earlier server that goes, or ours that the watch has not shown yet: both come with news.
      if (isAlreadyExists(error)) return 'again'
      if (isNamespaceTerminating(error) || !(isInvalid(error) || isForbidden(error))) throw error
      return apply({ ...input, server, refusal: error.message }, signal)
    }
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

function mayLackPod(server: DeepReadonly<GameServer>): boolean {
  const { metadata, status } = server
  const isNew = status?.state === undefined || status.state === 'PortAllocation' || status.state === 'Creating'
  return isDevelopment(server) || (isNew && metadata.deletionTimestamp === undefined)
}
