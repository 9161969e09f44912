/** What one look at a GameServer leads to. Pure: the controller does what is decided here. */
import { annotations, finalizer, oldFinalizer } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer, GameServerStatus } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerState } from '../../../apis/agones.dev/states.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { equalJson } from '../../../schema/json.ts'
import type { Instant } from '../../../servers/model.ts'
import { primaryAddress, statusAddresses, statusPorts } from './addresses.ts'
import { complete } from './complete.ts'
import { factsOf, isDevelopment, type Look } from './facts.ts'
import { type Update, updateOf } from './in-place.ts'
import { active, isInUse, nextTransition, type Transition } from './life.ts'
import { numbered } from './numbered-ports.ts'

export interface DecisionInput extends Look {
  /** Numbers for the ports that have none, in the order of the spec; undefined when none are wanted or none are free. */
  readonly hostPorts: readonly number[] | undefined
  readonly sdkVersion: string
  readonly now: Instant
}

export interface Told {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export interface Decision {
  /** A merge patch of the GameServer; undefined when it is as it should be. */
  readonly change: Record<string, unknown> | undefined
  /** To be done after the change is stored. */
  readonly next: 'createPod' | 'changePod' | 'deletePod' | 'deleteServer' | undefined
  /** To be told after the change is stored. */
  readonly events: readonly Told[]
}

const nothing: Decision = { change: undefined, next: undefined, events: [] }

/** States in which the published addresses follow those of node and pod. */
const placed: readonly GameServerState[] = ['Scheduled', 'RequestReady', ...active]

export function decide(input: DecisionInput): Decision {
  const { server } = input
  if (server.metadata.deletionTimestamp !== undefined) return leave(input)
  // Once only: a server stays as it was made, also under a newer version of ours.
  const isNew = server.status?.state === undefined
  const wanted = withPorts(isNew ? complete(server, input.sdkVersion) : (server as GameServer), input.hostPorts)
  const update = updateOf(wanted, input.pod)
  if (
    update !== undefined &&
    update.missing.length > 0 &&
    changing.includes(wanted.status?.state ?? '') &&
    !(update.isGame && isInUse(wanted))
  )
    return startChange(input, wanted, update)
  const { passed, state } = walk({ ...input, server: wanted })
  const status = { ...wanted.status, state, ...placement(input, wanted, state) } as GameServerStatus
  const change = difference(server, { ...wanted, status }, notesOf(input, state))
  const events = passed.map(
    ({ to, message, type }): Told => ({
      type: type ?? 'Normal',
      reason: to === 'Creating' ? 'PortAllocation' : to,
      message: to === 'Error' ? (input.refusal ?? message) : message,
    }),
  )
  if (state === 'Shutdown') return { change, next: 'deleteServer', events }
  return { change, next: state === 'Creating' && input.pod === undefined ? 'createPod' : undefined, events }
}

/** States in which images go to a pod. */
const changing: readonly string[] = ['Scheduled', 'RequestReady', 'Ready', 'Reserved', 'Allocated']

/** What is Ready stops being so before its game restarts; and what a game asks for while its old image runs is void. */
function startChange({ server }: DecisionInput, { status }: GameServer, { isGame }: Update): Decision {
  const { resourceVersion } = server.metadata
  const change = isGame && status?.state !== 'Scheduled' ? { metadata: { resourceVersion }, status: { state: 'Scheduled' } } : undefined
  return { change, next: 'changePod', events: [] }
}

/** Annotations that come or (null) go with a state. */
function notesOf({ server, pod, now }: DecisionInput, state: GameServerState): Readonly<Record<string, string | null>> {
  const { updating, erroredAt } = annotations
  const update = updateOf(server, pod)
  const isOver = update?.isDone === true && (!update.isGame || state === 'Ready')
  return {
    ...(state === 'Error' && server.status?.state !== 'Error' && { [erroredAt]: formatTime(now) }),
    ...(isOver && { [updating]: null }),
  }
}

/** The pod goes first, then the finalizers. */
function leave({ server, pod, isPodConfirmedGone }: DecisionInput): Decision {
  if (pod !== undefined) {
    if (pod.metadata.deletionTimestamp !== undefined) return nothing
    const told: Told = { type: 'Normal', reason: server.status?.state ?? 'Shutdown', message: `Deleting Pod ${pod.metadata.name}` }
    return { change: undefined, next: 'deletePod', events: [told] }
  }
  const own = server.metadata.finalizers ?? []
  const others = own.filter(name => name !== finalizer && name !== oldFinalizer)
  const mayGo = isPodConfirmedGone || isDevelopment(server)
  return mayGo && others.length < own.length ? { ...nothing, change: { metadata: { finalizers: others } } } : nothing
}

/** As many transitions as apply one after the other. */
function walk(look: Look): { passed: Transition[]; state: GameServerState } {
  const facts = factsOf(look)
  const passed: Transition[] = []
  let state = look.server.status?.state ?? 'Creating'
  for (let next = nextTransition(state, facts); next !== undefined; next = nextTransition(state, facts)) {
    passed.push(next)
    state = next.to
  }
  return { passed, state }
}

/** Ports that have their numbers now, and every port for both protocols as two. */
function withPorts(server: GameServer, numbers: readonly number[] | undefined): GameServer {
  const ports = server.spec.ports ?? []
  const found = ports.length === 0 ? undefined : numbered(ports, numbers)
  return found === undefined ? server : { ...server, spec: { ...server.spec, ports: found } }
}

/** What the status says of place and ports. Who was sent to an address finds it there as long as the node has it. */
function placement(
  { server, pod, node }: DecisionInput,
  { spec, metadata, status }: GameServer,
  state: GameServerState,
): Partial<GameServerStatus> {
  const device = metadata.annotations?.[annotations.devAddress]
  if (device !== undefined) {
    if (state !== 'Ready' || status?.address === device) return {}
    return {
      address: device,
      addresses: [{ type: 'InternalIP', address: device }],
      nodeName: device,
      ports: statusPorts(spec.ports ?? []),
    }
  }
  if (pod === undefined || node === undefined || !placed.includes(state) || (pod.status?.podIPs ?? []).length === 0) return {}
  const address = primaryAddress(server, node, pod)
  if (address === undefined) return {}
  const isActive = (active as readonly string[]).includes(state)
  return {
    addresses: statusAddresses(node, pod),
    ...((!isActive || (status?.address ?? '') === '') && {
      address,
      nodeName: node.metadata.name,
      ports: statusPorts(spec.ports ?? []),
    }),
  }
}

/** The members that differ, as a merge patch that applies to this very version alone. */
function difference(
  stored: DeepReadonly<GameServer>,
  { metadata, spec, status }: GameServer,
  notesOfState: Readonly<Record<string, string | null>>,
): Record<string, unknown> | undefined {
  const changedSpec = changed(stored.spec, spec)
  const changedStatus = changed(stored.status ?? {}, status ?? {})
  const finalizers = equalJson(stored.metadata.finalizers ?? [], metadata.finalizers ?? []) ? undefined : metadata.finalizers
  const notes = changed(stored.metadata.annotations ?? {}, {
    ...metadata.annotations,
    ...notesOfState,
  })
  if (changedSpec === undefined && changedStatus === undefined && finalizers === undefined && notes === undefined) return undefined
  return {
    metadata: {
      resourceVersion: stored.metadata.resourceVersion,
      ...(finalizers !== undefined && { finalizers }),
      ...(notes !== undefined && { annotations: notes }),
    },
    ...(changedSpec !== undefined && { spec: changedSpec }),
    ...(changedStatus !== undefined && { status: changedStatus }),
  }
}

/** Members of `wanted` that `stored` has not. Nobody takes members away here. */
function changed(stored: object, wanted: object): Record<string, unknown> | undefined {
  const before = stored as Readonly<Record<string, unknown>>
  const entries = Object.entries(wanted).filter(([name, value]) => value !== undefined && !equalJson(before[name] ?? null, value))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
