/** Labels that Agones and its users read. Contract: Agones; those of `berth.dev` are ours. */
export const labels = {
  /** On pods: `gameserver`. */
  role: 'agones.dev/role',
  /** On pods: the name of the GameServer. */
  gameServer: 'agones.dev/gameserver',
  /** On GameServerSets, GameServers and pods. */
  fleet: 'agones.dev/fleet',
  /** On GameServers and pods. */
  gameServerSet: 'agones.dev/gameserverset',
  /** On GameServers: the hash of the template they have. The ControllerRevision `<fleet>-<hash>` of their Fleet holds it. */
  revision: 'berth.dev/revision',
  /** On pods: `true` or `false`; disruption budgets select by it. */
  safeToEvict: 'agones.dev/safe-to-evict',
  /** On pods with passthrough ports whose numbers the platform chooses. */
  port: 'agones.dev/port',
} as const

/** The role of the pods in which games run. */
export const gameServerRole = 'gameserver'
