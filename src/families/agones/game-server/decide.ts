/** What one look at a GameServer leads to. Pure: the controller does what is decided here. */
import { annotations, finalizer, oldFinalizer } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer, GameServerStatus } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerState } from '../../../apis/agones.dev/states.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { equalJson } from '../../../schema/json.ts'
import type { AgonesConfig } from '../context.ts'
import { complete } from './complete.ts'
import { factsOf, isDevelopment, type Look } from './facts.ts'
import { changing, imagesDue, updateOf, withDirected } from './in-place.ts'
import { active, nextTransition, type Transition } from './life.ts'
import { isGap, metadataGap } from './metadata-in-place.ts'
import { numbered } from './numbered-ports.ts'
import { placeOf } from './place.ts'
import { statusPorts } from './status-ports.ts'

export interface DecisionInput extends Look {
  /** Numbers for the ports that have none, in the order of the spec; undefined when none are wanted or none are free. */
  readonly hostPorts: readonly number[] | undefined
  /** Containers beside the game may restart while the server is in use. */
  readonly sidecarsInUse: boolean
  readonly sdkVersion: string
  readonly gates: AgonesConfig['gates']
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
  const made = withPorts(isNew ? complete(server, input.sdkVersion) : (server as GameServer), input)
  const mayChange = changing.includes(made.status?.state ?? '')
  const wanted = mayChange ? withDirected(made, input.pod, input.sidecarsInUse) : made
  if (imagesDue(wanted, input.pod).length > 0) return startChange(input, wanted)
  const { passed, state } = walk({ ...input, server: wanted })
  const status = { ...wanted.status, state, ...placement(input, wanted, state) } as GameServerStatus
  const change = difference(server, { ...wanted, status }, notesOf(input, state))
  const events = passed.map(
    ({ to, message, type, reason }): Told => ({
      type: type ?? 'Normal',
      reason: reason ?? to,
      message: to === 'Error' ? (input.refusal ?? message) : message,
    }),
  )
  events.push(...waitingForPorts({ ...input, server: wanted }, state))
  if (state === 'Shutdown') return { change, next: 'deleteServer', events }
  if (state === 'Creating' && input.pod === undefined) return { change, next: 'createPod', events }
  return { change, next: isGap(metadataGap(wanted, input.pod, input.gates)) ? 'changePod' : undefined, events }
}

/** What is Ready stops being so before its game restarts; and what a game asks for while its old image runs is void. */
function startChange({ server, pod }: DecisionInput, wanted: GameServer): Decision {
  const state = updateOf(wanted, pod)?.isGame === true ? 'Scheduled' : wanted.status?.state
  const status = { ...wanted.status, ...(state !== undefined && { state }) } as GameServerStatus
  return { change: difference(server, { ...wanted, status }, {}), next: 'changePod', events: [] }
}

/** Refusals may name a whole template. */
const longestReason = 2000

/** Annotations that come or (null) go with a state. */
function notesOf({ server, pod, gates, now, refusal }: DecisionInput, state: GameServerState): Readonly<Record<string, string | null>> {
  const { updating, updatingMetadata, erroredAt, error, confirmBy } = annotations
  const gap = metadataGap(server, pod, gates)
  const update = updateOf(server, pod)
  const isOver = update?.isDone === true && (!update.isGame || state === 'Ready')
  return {
    ...(state === 'Error' && server.status?.state !== 'Error' && { [erroredAt]: formatTime(now) }),
    ...(state === 'Error' && refusal !== undefined && { [error]: refusal.slice(0, longestReason) }),
    ...(isOver && { [updating]: null }),
    ...(gap !== undefined && !isGap(gap) && { [updatingMetadata]: null }),
    // Of an allocation that is over: the next one must not be measured by it.
    ...(state !== 'Allocated' && server.metadata.annotations?.[confirmBy] !== undefined && { [confirmBy]: null }),
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

/** Said while everything else is there: what the platform does not do, only its operators can. */
function waitingForPorts({ server, pod, node, cloudProduct }: DecisionInput, state: GameServerState): Told[] {
  if ((state !== 'Creating' && state !== 'Starting') || node === undefined || (pod?.status?.podIPs ?? []).length === 0) return []
  const assigned = pod === undefined ? undefined : cloudProduct.assigned(server.spec.ports ?? [], pod)
  return assigned !== undefined && 'missing' in assigned ? [{ type: 'Warning', reason: 'PortAllocation', message: assigned.missing }] : []
}

/** Ports that have their numbers now, and every port for both protocols as two; as the pod has them, where the platform chooses. */
function withPorts(server: GameServer, { hostPorts, pod, cloudProduct }: DecisionInput): GameServer {
  const ports = server.spec.ports ?? []
  const found = ports.length === 0 ? undefined : numbered(ports, hostPorts)
  if (found === undefined) return server
  // Not before they are published: that is one write then.
  const assigned = pod === undefined || (pod.status?.podIPs ?? []).length === 0 ? undefined : cloudProduct.assigned(found, pod)
  const known = assigned !== undefined && 'ports' in assigned ? assigned.ports.map(port => ({ ...port })) : found
  return { ...server, spec: { ...server.spec, ports: known } }
}

/** What the status says of place and ports. Who was sent to an address finds it there as long as the node has it. */
function placement({ pod, node, network }: DecisionInput, server: GameServer, state: GameServerState): Partial<GameServerStatus> {
  const { spec, metadata, status } = server
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
  const place = placed.includes(state) ? placeOf({ server, pod, node, network }) : undefined
  if (place === undefined || node === undefined) return {}
  const isActive = (active as readonly string[]).includes(state)
  if (network?.waits === true && !network.isBound && !isActive) return {}
  const { addresses, address, ports } = place
  // To one that is Ready nobody was sent yet: it goes where its network goes.
  const mayChange = !isActive || (status?.address ?? '') === '' || (state === 'Ready' && network?.isBound === true)
  return {
    addresses: [...addresses],
    ...(mayChange && ports !== undefined && { address, nodeName: node.metadata.name, ports }),
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
