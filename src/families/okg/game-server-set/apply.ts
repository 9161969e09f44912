/** Takes the steps of a plan: one or two writes each, many servers at a time. Decides nothing. */
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import { gameServers } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { pods } from '../../../apis/core/resources.generated.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { ApiError, isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound } from '../../../kube/api-error.ts'
import { formatTime } from '../../../kube/clock.ts'
import { type DeepReadonly, keyOf } from '../../../kube/object.ts'
import { isControlledBy } from '../../../kube/owner-reference.ts'
import type { Change, Member, Revision, RevisionId, Step, Template } from '../../../servers/model.ts'
import { takeAll } from '../../../servers/take-steps.ts'
import type { OkgContext } from '../context.ts'
import { claimOf } from '../game-server/claim.ts'
import { intentLabels } from '../game-server/intent.ts'
import { stateChange } from '../game-server/state-labels.ts'
import { ownAnnotations } from '../names.ts'
import { patchPod, type PodChange } from '../pod-patch.ts'
import { rankOf, scaleDownOrder } from './scale-down-order.ts'
import { inPlaceChange } from './in-place-steps.ts'
import { newPod } from './new-pod.ts'
import { survivingServer } from './reclaim.ts'

/** Writes of one set that are under way at a time. */
const parallel = 48

export interface ApplyInput {
  readonly context: OkgContext
  readonly set: DeepReadonly<GameServerSet>
  readonly revisions: ReadonlyMap<RevisionId, Template>
  readonly gracePeriodSeconds: number
  readonly signal: AbortSignal
}

/** Why a server could not be made; nothing that a retry at once would change. */
export interface CreateTrouble {
  readonly server: string
  readonly reason: string
  readonly message: string
}

export interface Applied {
  readonly troubles: readonly CreateTrouble[]
  /** The first failure that is worth a retry; the other steps were taken all the same. */
  readonly error?: unknown
}

export async function applySteps(input: ApplyInput, steps: readonly Step[]): Promise<Applied> {
  const troubles: CreateTrouble[] = []
  const take = async (step: Step): Promise<void> => {
    const trouble = await applyStep(input, step)
    if (trouble !== undefined) troubles.push(trouble)
  }
  return { troubles, ...(await takeAll(steps, parallel, take, input.signal)) }
}

async function applyStep(input: ApplyInput, step: Step): Promise<CreateTrouble | undefined> {
  const { context, set, signal } = input
  if (step.do === 'create') {
    const template = input.revisions.get(step.revision)
    if (template === undefined || step.ordinal === undefined) return undefined
    return createServer(input, { name: step.key, ordinal: step.ordinal }, { id: step.revision, template })
  }
  const pod = context.pods.get(`${set.metadata.namespace ?? 'default'}/${step.member.key}`)
  if (pod === undefined || pod.metadata.uid !== step.member.uid) return undefined
  const now = context.clock.now()
  if ('because' in step && step.because === 'ScaleDown' && (await isIntentNews(input, step.member))) return undefined
  switch (step.do) {
    case 'delete':
      await deleteServer(input, pod)
      return undefined
    case 'announce-delete': {
      const state = stateChange(pod, 'PreDelete', now)
      await patchPod(
        context,
        pod,
        {
          labels: { ...state.labels, [labels.lifecycleState]: 'PreparingDelete' },
          annotations: {
            ...state.annotations,
            [annotations.lifecycleTimestamp]: formatTime(now),
            [ownAnnotations.deleteReason]: step.because,
          },
        },
        signal,
      )
      return undefined
    }
    case 'change': {
      const { metadata, to } = step.change
      await patchPod(context, pod, { labels: { ...metadata.labels, [labels.revision]: to }, annotations: metadata.annotations }, signal)
      return undefined
    }
    case 'override':
      await patchPod(context, pod, { images: step.images }, signal)
      context.recorder.event(
        set,
        'Normal',
        'DirectedUpdate',
        `${pod.metadata.name}: ${step.images.map(({ container, image }) => `${container}=${image}`).join(', ')}`,
      )
      return undefined
    case 'advance': {
      const change = inPlaceChange(pod, step.to, step.change, input.gracePeriodSeconds, now)
      if (step.to === 'Drained') await drain(input, pod, change, step.change)
      else await patchPod(context, pod, change, signal)
      if (step.to === 'Restored')
        context.recorder.event(set, 'Normal', 'SuccessfulUpdatePodInPlace', `${pod.metadata.name} runs ${step.change.to}`)
      return undefined
    }
  }
}

async function createServer(
  input: ApplyInput,
  key: { name: string; ordinal: number },
  revision: Revision,
): Promise<CreateTrouble | undefined> {
  const { context, set, signal } = input
  const { client, addresses } = context
  const namespace = set.metadata.namespace ?? 'default'
  const server = survivingServer(context, set, key.name)
  const claim = claimOf({ set, name: key.name, pod: undefined, server })
  const prepared = claim === undefined ? undefined : addresses.prepare(claim)
  if (prepared?.ok === false) return { server: key.name, reason: prepared.reason, message: prepared.message }
  try {
    const pod = newPod({ set, key, revision, server, hostPorts: prepared?.ports ?? [], now: context.clock.now() })
    context.pods.wrote(await client.create(pods, pod, { signal }))
    return undefined
  } catch (error) {
    if (claim !== undefined) addresses.unprepare(claim.key)
    if (isAlreadyExists(error)) {
      const existing = await client.get(pods, { namespace, name: key.name }, { signal })
      if (isControlledBy(existing, set)) context.pods.wrote(existing)
      else return { server: key.name, reason: 'NameTaken', message: `pod ${key.name} exists and belongs to somebody else` }
      return undefined
    }
    if (isNamespaceTerminating(error)) return undefined
    if (error instanceof ApiError && [400, 403, 422].includes(error.code))
      // Without the name, so that the same trouble of many servers is told once.
      return { server: key.name, reason: 'FailedCreate', message: error.message.replaceAll(` "${key.name}"`, '') }
    throw error
  }
}

/**
 * Whether operators have said something of this server that the plan did not know, so that another one might have to leave. Asked of the API:
 * sets, servers and pods come by watches that keep no order among them, and who marks a server as Allocated and scales down then must not
 * lose it.
 */
async function isIntentNews({ context, set, signal }: ApplyInput, { key: name, rank }: Member): Promise<boolean> {
  const namespace = set.metadata.namespace ?? 'default'
  try {
    const server = await context.client.get(gameServers, { namespace, name }, { signal })
    const now = rankOf(intentLabels(server))
    if (scaleDownOrder.every(({ by }) => now[by] === rank[by])) return false
    context.servers.wrote(server)
    context.enqueueServer(`${namespace}/${name}`)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

async function deleteServer({ context, signal }: ApplyInput, pod: DeepReadonly<Pod>): Promise<void> {
  const { name, namespace = '', uid } = pod.metadata
  try {
    await context.client.delete(pods, { namespace, name }, { preconditions: { uid }, signal })
    context.pods.deleted(pod)
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
    context.pods.forget(pod)
  }
}

/**
 * Networks that keep publishing a server while only certain containers change have to know before it stops being ready.
 * One look is enough: the engine writes at most once for it. Until the pod says itself what changes, the announcement is
 * remembered, so that nobody takes it back in between.
 */
async function drain({ context, set, signal }: ApplyInput, pod: DeepReadonly<Pod>, podChange: PodChange, change: Change): Promise<void> {
  const key = keyOf(pod)
  const changing = change.images.map(({ container }) => container)
  const claim = claimOf({ set, name: pod.metadata.name, pod, server: context.servers.get(key), changing })
  try {
    if (claim !== undefined) {
      context.announced.set(key, changing)
      await context.addresses.reconcile(claim, signal)
    }
    await patchPod(context, pod, podChange, signal)
  } finally {
    context.announced.delete(key)
  }
}
