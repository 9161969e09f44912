import type { Backend, Listener } from './listener.ts'

/** Beyond so many remembered clients, those whose time is over are forgotten. */
const affinityLimit = 10_000

/** Chooses the pod for a new connection or flow. */
export interface BackendChooser {
  /** Undefined when no backend accepts. */
  choose(listener: Listener, client: string, now: number): Backend | undefined
}

/**
 * Round robin over the backends that accept. With client affinity a client comes back to the pod of its last
 * connection as long as that pod accepts, as kube-proxy does for `sessionAffinity: ClientIP`.
 */
export function createBackendChooser(): BackendChooser {
  const sticky = new Map<string, { podUid: string; until: number }>()
  let turn = 0

  const forgetExpired = (now: number): void => {
    for (const [client, entry] of sticky) if (entry.until <= now) sticky.delete(client)
  }

  return {
    choose(listener, client, now) {
      const accepting = listener.backends.filter(backend => backend.accepting)
      if (listener.affinityMs === undefined) return accepting[turn++ % accepting.length]
      const remembered = sticky.get(client)
      const known = remembered !== undefined && remembered.until > now ? remembered.podUid : undefined
      const backend = accepting.find(candidate => candidate.podUid === known) ?? accepting[turn++ % accepting.length]
      if (backend === undefined) return undefined
      if (sticky.size >= affinityLimit) forgetExpired(now)
      sticky.set(client, { podUid: backend.podUid, until: now + listener.affinityMs })
      return backend
    },
  }
}
