/** One GameServer per pod: brings operator intent to the pod, and what is seen of the pod to the GameServer. */
import { gameServers, type GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import { gameServerSets, type GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { ClaimStatus } from '../../../addresses/model.ts'
import { troubleHold } from '../../../addresses/trouble-hold.ts'
import { isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound } from '../../../kube/api-error.ts'
import type { Controller, Result } from '../../../kube/controller.ts'
import { createController } from '../../../kube/controller.ts'
import type { MetricsSink } from '../../../kube/metrics.ts'
import type { DeepReadonly, ObjectKey, OwnerReference } from '../../../kube/object.ts'
import { controllerOf, isControlledBy } from '../../../kube/owner-reference.ts'
import type { Instant } from '../../../servers/model.ts'
import type { OkgContext } from '../context.ts'
import { differing, patchPod } from '../pod-patch.ts'
import { inPlaceUpdateReady } from '../names.ts'
import { claimOf } from './claim.ts'
import { decidePod } from './decide-pod.ts'
import { announceAddressTrouble, announceIntent, announceInvalidIntent, announceNoSwitch, announceState } from './events.ts'
import { holds } from './holds.ts'
import { newGameServer, templateMetadata } from './new-game-server.ts'
import { PassingNews } from './passing-news.ts'
import { conditionOf, isAboutToBeReady, isReadyBut } from './state.ts'
import { serverStatus, serverStatusPatch } from './status.ts'

/** What this process saw of one pod, and when; a restart only means that news is held back once more. */
interface Memo {
  readonly uid: string
  /** When it was created, as far as this process can tell more exactly than the API, which knows whole seconds. */
  readonly createdAt: Instant
  readySince?: Instant
  boundSince?: Instant
  /** Its network has no switch, and that was told. */
  stillOpen?: boolean
  /** Generation of the GameServer whose intent was looked at. */
  intentOf?: number | undefined
  /** When the address began to be missing. */
  unboundSince?: Instant
  state?: { readonly name: string; readonly since: Instant }
}

export function createServerController(context: OkgContext, options: { workers?: number; metrics?: MetricsSink } = {}): Controller {
  const memos = new Map<ObjectKey, Memo>()
  const { client, clock, logger, recorder } = context
  const passingNews = new PassingNews(clock)

  async function reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result> {
    try {
      const pod = context.pods.get(key)
      const set = pod === undefined ? undefined : setOf(context, pod)
      if (pod === undefined) return await withoutPod(key, signal)
      if (set === undefined || context.control.of(set).mode !== 'run') return 'done'
      return await withPod(key, pod, set, signal)
    } catch (error) {
      // The news of what happened meanwhile is on its way.
      if (isConflict(error) || isNotFound(error) || isNamespaceTerminating(error)) return { requeueAfterMs: 1000 }
      throw error
    }
  }

  async function withoutPod(key: ObjectKey, signal: AbortSignal): Promise<Result> {
    context.addressTroubles.delete(key)
    const server = context.servers.get(key)
    if (server === undefined) {
      if (memos.delete(key)) await context.addresses.release(key, signal)
      return 'done'
    }
    if (server.metadata.labels?.[labels.deleting] !== 'true' || context.servers.isDeleting(server)) return 'done'
    // With the set gone, garbage collection takes its servers.
    const set = context.sets.get(`${server.metadata.namespace ?? ''}/${server.metadata.labels[labels.ownerSet] ?? ''}`)
    if (set !== undefined && isControlledBy(server, set) && context.control.of(set).mode === 'run') await deleteServer(server, signal)
    return 'done'
  }

  async function deleteServer(server: DeepReadonly<GameServer>, signal: AbortSignal): Promise<void> {
    const { name, namespace = '', uid } = server.metadata
    await client.delete(gameServers, { namespace, name }, { preconditions: { uid }, signal })
    context.servers.deleted(server)
  }

  async function withPod(key: ObjectKey, pod: DeepReadonly<Pod>, set: DeepReadonly<GameServerSet>, signal: AbortSignal): Promise<Result> {
    const waits: number[] = []
    let memo = memos.get(key)
    if (memo === undefined || memo.uid !== pod.metadata.uid) memos.set(key, (memo = newMemo(pod, clock.now())))
    const { createdAt } = memo
    const server = await serverOf(pod, set, createdAt, waits, signal)

    const address = await addressOf(key, pod, set, server, memo, waits, signal)
    const now = clock.now()
    if (isReadyBut(pod, inPlaceUpdateReady)) memo.readySince ??= now
    const decision = decidePod({
      pod,
      server,
      address,
      networkType: set.spec.network?.networkType ?? '',
      readySince: memo.readySince,
      boundSince: memo.boundSince,
      createdAt,
      now,
    })
    if (decision.waitMs !== undefined) waits.push(decision.waitMs)
    await patchPod(context, pod, decision.change, signal)
    if (server !== undefined) {
      announceIntent(recorder, server, pod.metadata.labels, decision.change.labels)
      if (memo.intentOf !== server.metadata.generation) {
        memo.intentOf = server.metadata.generation
        announceInvalidIntent(recorder, server)
      }
      const stillOpen = server.spec?.networkDisabled === true && address?.state === 'Bound'
      if (stillOpen && memo.stillOpen !== true) announceNoSwitch(recorder, server, set.spec.network?.networkType ?? '')
      memo.stillOpen = stillOpen
      await mirrorMetadata(server, pod, set, signal)
      await mirrorStatus(key, decision.state, memo, createdAt, address, waits, signal)
    }
    return waits.length === 0 ? 'done' : { requeueAfterMs: Math.max(1, Math.min(...waits)) }
  }

  /** The GameServer of this very pod; made when it is missing. One that belonged to an earlier pod goes by garbage collection first. */
  async function serverOf(
    pod: DeepReadonly<Pod>,
    set: DeepReadonly<GameServerSet>,
    createdAt: Instant,
    waits: number[],
    signal: AbortSignal,
  ): Promise<DeepReadonly<GameServer> | undefined> {
    const { name, namespace = '' } = pod.metadata
    const existing = context.servers.get(`${namespace}/${name}`)
    if (existing !== undefined) {
      const owner = controllerOf(existing)
      return context.servers.isDeleting(existing) || (owner?.kind === 'Pod' && owner.uid !== pod.metadata.uid) ? undefined : existing
    }
    if (context.pods.isDeleting(pod) || set.metadata.deletionTimestamp !== undefined) return undefined
    const age = clock.now() - createdAt
    if (!pod.spec?.nodeName && conditionOf(pod, 'PodScheduled')?.status !== 'False') {
      const waitMs = age < holds.nodeForServer ? holds.nodeForServer - age : passingNews.waitMs()
      if (waitMs > 0) {
        waits.push(waitMs)
        return undefined
      }
    }
    try {
      const created = await client.create(gameServers, newGameServer(set, pod), { signal })
      passingNews.urgentWritten()
      context.servers.wrote(created)
      return created
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      waits.push(200)
      return undefined
    }
  }

  async function addressOf(
    key: ObjectKey,
    pod: DeepReadonly<Pod>,
    set: DeepReadonly<GameServerSet>,
    server: DeepReadonly<GameServer> | undefined,
    memo: Memo,
    waits: number[],
    signal: AbortSignal,
  ): Promise<ClaimStatus | undefined> {
    const phase = pod.status?.phase
    const claim =
      context.pods.isDeleting(pod) || phase === 'Failed' || phase === 'Succeeded'
        ? undefined
        : claimOf({ set, name: pod.metadata.name, pod, server, changing: context.announced.get(key) })
    const status = claim === undefined ? undefined : await context.addresses.reconcile(claim, signal)
    const now = clock.now()
    if (status?.state === 'Bound') memo.boundSince ??= now
    else delete memo.boundSince
    if (status === undefined || status.state === 'Bound' || status.state === 'Disabled') {
      delete memo.unboundSince
      if (context.addressTroubles.delete(key)) context.enqueueSet(`${set.metadata.namespace ?? ''}/${set.metadata.name}`)
      return status
    }
    memo.unboundSince ??= now
    const reportAt = memo.unboundSince + troubleHold(status)
    if (now < reportAt) waits.push(reportAt - now)
    else if (context.addressTroubles.get(key)?.message !== status.message) {
      context.addressTroubles.set(key, { reason: status.reason, message: status.message })
      context.enqueueSet(`${set.metadata.namespace ?? ''}/${set.metadata.name}`)
      announceAddressTrouble(recorder, server ?? pod, status)
    }
    return status
  }

  /** The node's name, and the template's labels and annotations when they changed; additive, nothing is removed. */
  async function mirrorMetadata(
    server: DeepReadonly<GameServer>,
    pod: DeepReadonly<Pod>,
    set: DeepReadonly<GameServerSet>,
    signal: AbortSignal,
  ): Promise<void> {
    const { labels: own, annotations: notes } = templateMetadata(set)
    const hashKey = Object.keys(notes).find(name => server.metadata.annotations?.[name] !== notes[name])
    const wanted = {
      ...(hashKey !== undefined && own),
      ...(pod.spec?.nodeName && { [labels.nodeName]: pod.spec.nodeName }),
    }
    const changedLabels = differing(server.metadata.labels, wanted)
    const changedAnnotations = differing(server.metadata.annotations, notes)
    if (changedLabels === undefined && changedAnnotations === undefined) return
    const { name, namespace = '', uid } = server.metadata
    const metadata = {
      uid,
      ...(changedLabels && { labels: changedLabels }),
      ...(changedAnnotations && { annotations: changedAnnotations }),
    }
    context.servers.wrote(await client.patch(gameServers, { namespace, name }, { metadata }, { type: 'merge', signal }))
  }

  async function mirrorStatus(
    key: ObjectKey,
    state: ReturnType<typeof decidePod>['state'],
    memo: Memo,
    createdAt: Instant,
    address: ClaimStatus | undefined,
    waits: number[],
    signal: AbortSignal,
  ): Promise<void> {
    const pod = context.pods.get(key)
    const server = context.servers.get(key)
    if (pod === undefined || server === undefined || pod.metadata.uid !== memo.uid) return
    const now = clock.now()
    if (memo.state?.name !== state) memo.state = { name: state, since: now }
    const node = pod.spec?.nodeName ? context.nodes.get(pod.spec.nodeName) : undefined
    const patch = serverStatusPatch(server.status, serverStatus({ server, pod, node, state, now }), now)
    if (patch === undefined) return
    const passesUntil = passingUntil(state, pod, memo.state.since, createdAt, address)
    const waitMs = passesUntil === undefined ? 0 : passesUntil > now ? passesUntil - now : passingNews.waitMs()
    if (waitMs > 0) {
      waits.push(waitMs)
      return
    }
    const { name, namespace = '', uid } = server.metadata
    context.servers.wrote(
      await client.patch(
        gameServers,
        { namespace, name },
        { metadata: { uid }, status: patch },
        { type: 'merge', subresource: 'status', signal },
      ),
    )
    if (passesUntil === undefined) passingNews.urgentWritten()
    announceState(recorder, server, state)
  }

  return createController({
    name: 'okg-gameserver',
    reconcile,
    workers: options.workers ?? 32,
    clock,
    logger,
    ...(options.metrics && { metrics: options.metrics }),
  })
}

function newMemo(pod: DeepReadonly<Pod>, now: Instant): Memo {
  const stamped = Date.parse(pod.metadata.creationTimestamp)
  // A stamp of whole seconds is up to one second early, and the news of it takes some time.
  return { uid: pod.metadata.uid, createdAt: now - stamped < 2000 ? now : stamped }
}

/** Until when a state is expected to pass, so that it is not written yet; undefined for states that stay. */
function passingUntil(
  state: string,
  pod: DeepReadonly<Pod>,
  since: Instant,
  createdAt: Instant,
  address: ClaimStatus | undefined,
): Instant | undefined {
  if (state === 'Ready') {
    if (isAboutToBeReady(pod)) return since + holds.kubelet + holds.passing
    const addressComes = address !== undefined && (address.state === 'Pending' || address.state === 'Waiting')
    return addressComes ? since + holds.passing : undefined
  }
  if (state === 'Crash') return undefined
  return state === 'Creating' ? createdAt + holds.creating : since + holds.passing
}

/** How the pod names the set that controls it. Others have a kind of the same name. */
export function setReferenceOf(pod: DeepReadonly<Pod>): DeepReadonly<OwnerReference> | undefined {
  const owner = controllerOf(pod)
  return owner?.kind === gameServerSets.kind && owner.apiVersion.startsWith(`${gameServerSets.group}/`) ? owner : undefined
}

/** The set that controls the pod. */
export function setOf(context: OkgContext, pod: DeepReadonly<Pod>): DeepReadonly<GameServerSet> | undefined {
  const owner = setReferenceOf(pod)
  if (owner === undefined) return undefined
  const set = context.sets.get(`${pod.metadata.namespace ?? ''}/${owner.name}`)
  return set?.metadata.uid === owner.uid ? set : undefined
}
