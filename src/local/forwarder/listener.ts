export type Protocol = 'TCP' | 'UDP'

/** One port of one pod that traffic may go to. */
export interface Backend {
  readonly podUid: string
  readonly podIP: string
  readonly port: number
  /** Whether new connections and flows may start. Those that exist go on while the pod lives. */
  readonly accepting: boolean
  /** The address is one of the host's own, not one of a pod's network. */
  readonly onHost?: boolean
}

/** An address that shall be listened on, and where its traffic goes. */
export interface Listener {
  readonly ip: string
  readonly port: number
  readonly protocol: Protocol
  readonly backends: readonly Backend[]
  /** New connections of one client address go to the pod of its last one for so many milliseconds after that was chosen. */
  readonly affinityMs?: number
}

/** Why a listener could not be bound; it is tried again until it can or is no longer wanted. */
export interface ListenerFailure {
  readonly listener: Listener
  /** `EADDRINUSE`, `EACCES`, …, or `HELD` when another group of listeners of this forwarder has the address. */
  readonly code: string
  /** One sentence for people. */
  readonly message: string
}

/** What went through a listener since it was bound. `received` and `sent` are bytes as the client side sees its socket: from and to clients. */
export interface TrafficCounters {
  /** TCP connections or UDP flows that were accepted. */
  accepted: number
  /** Those that are open now. */
  active: number
  /** Turned away: no backend accepts, the pod refused, or too many flows. */
  refused: number
  received: number
  sent: number
}

export const newCounters = (): TrafficCounters => ({ accepted: 0, active: 0, refused: 0, received: 0, sent: 0 })

/** Identity of a listener: TCP and UDP share the numbers without sharing anything else. */
export function listenerKey(listener: Pick<Listener, 'ip' | 'port' | 'protocol'>): string {
  return `${listener.protocol.toLowerCase()}/${listener.ip}:${listener.port}`
}

/** Whether two descriptions of one address ask for the same. */
export function sameListener(a: Listener, b: Listener): boolean {
  return (
    a.affinityMs === b.affinityMs &&
    a.backends.length === b.backends.length &&
    a.backends.every((backend, index) => {
      const other = b.backends[index]
      return (
        other !== undefined &&
        backend.podUid === other.podUid &&
        backend.podIP === other.podIP &&
        backend.port === other.port &&
        backend.accepting === other.accepting &&
        backend.onHost === other.onHost
      )
    })
  )
}
