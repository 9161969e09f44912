/** The life of a GameServer as data: from which state to which, and what has to be true for it. */
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerState } from '../../../apis/agones.dev/states.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/** What is true of a server and its pod at the moment. */
export interface Facts {
  /** Every port that is to be chosen has its number, and it is stored. */
  readonly hasPorts: boolean
  /** There is no pod and never will be: a developer runs the server. */
  readonly isDevelopment: boolean
  /** The API refused the pod for good, or nobody could make one of what is written. */
  readonly isRefused: boolean
  /** There was a pod and there is none any more: asked of the API itself, not of a watch. */
  readonly podGone: boolean
  /** The pod is on its way out, and not by us. */
  readonly podLeaving: boolean
  /** It has failed, was evicted, or the game in it has ended with an error and is not started again. */
  readonly podFailed: boolean
  /** The game has ended well. */
  readonly podSucceeded: boolean
  /** The pod has a node, an IP and its ports on the node, the node an address, and players get there by the server's network, if they are to. */
  readonly isPlaced: boolean
  /** Placed, and no container of it is just being changed. */
  readonly canServe: boolean
  /** It is not where the status says, and was not for some time. */
  readonly hasMoved: boolean
  /** Its network has not brought anybody there for some time. */
  readonly isCutOff: boolean
  /** It was allocated on condition that somebody confirms in time, and nobody has. */
  readonly isUnconfirmed: boolean
}

export interface Transition {
  readonly from: readonly GameServerState[]
  readonly to: GameServerState
  readonly when: keyof Facts
  /** Of the event that tells of it. */
  readonly message: string
  readonly type?: 'Warning'
  /** Of the event. Default: the new state. */
  readonly reason?: string
}

/** Nobody can have been sent there yet. */
export const beforeReady = ['PortAllocation', 'Creating', 'Starting', 'Scheduled', 'RequestReady'] as const satisfies GameServerState[]
/** Players are there, or may be sent there. */
export const active = ['Ready', 'Reserved', 'Allocated'] as const satisfies GameServerState[]
/** Kept by everything that makes room. */
const inUse: readonly (GameServerState | undefined)[] = ['Reserved', 'Allocated']
const withPod = ['Starting', 'Scheduled', 'RequestReady', ...active] as const satisfies GameServerState[]

/** In the order in which they are tried; the first that applies is taken. Games and allocations bring about the others. */
export const transitions: readonly Transition[] = [
  { from: ['PortAllocation', 'Creating'], to: 'Error', when: 'isRefused', message: 'the pod was refused', type: 'Warning' },
  { from: beforeReady, to: 'Ready', when: 'isDevelopment', message: 'Developer GameServer is Ready' },
  { from: [...beforeReady, ...active], to: 'Shutdown', when: 'podSucceeded', message: 'Pod is in Succeeded state' },
  { from: [...beforeReady, ...active], to: 'Unhealthy', when: 'podFailed', message: 'Issue with Gameserver pod', type: 'Warning' },
  { from: [...beforeReady, ...active], to: 'Unhealthy', when: 'podLeaving', message: 'Issue with Gameserver pod', type: 'Warning' },
  { from: withPod, to: 'Unhealthy', when: 'podGone', message: 'Pod is missing', type: 'Warning' },
  { from: active, to: 'Unhealthy', when: 'hasMoved', message: 'Node migration occurred', type: 'Warning' },
  {
    from: ['Allocated'],
    to: 'Ready',
    when: 'isUnconfirmed',
    message: 'Nobody confirmed the allocation in time',
    type: 'Warning',
    reason: 'Released',
  },
  { from: ['PortAllocation'], to: 'Creating', when: 'hasPorts', message: 'Port allocated', reason: 'PortAllocation' },
  { from: ['Creating', 'Starting'], to: 'Scheduled', when: 'isPlaced', message: 'Address and port populated' },
  { from: ['Ready'], to: 'RequestReady', when: 'isCutOff', message: 'The network does not reach it', type: 'Warning' },
  { from: ['RequestReady'], to: 'Ready', when: 'canServe', message: 'SDK.Ready() complete' },
]

/** Whether somebody plays on it or is about to: its game is neither restarted nor taken away, whoever asks. */
export function isInUse({ status }: DeepReadonly<GameServer>): boolean {
  return inUse.includes(status?.state)
}

/** What becomes of a server in this state; undefined: it stays. */
export function nextTransition(state: GameServerState, facts: Facts): Transition | undefined {
  return transitions.find(({ from, when }) => from.includes(state) && facts[when])
}
