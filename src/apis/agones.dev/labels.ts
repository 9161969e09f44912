/** Labels that Agones and its users read. Contract: Agones; those of `berth.dev` are ours. */
export const labels = {
  /** On pods: `gameserver`. */
  role: 'agones.dev/role',
  /** On pods: the name of the GameServer. */
  gameServer: 'agones.dev/gameserver',
  /** On GameServerSets and GameServers. */
  fleet: 'agones.dev/fleet',
  /** On GameServers. */
  gameServerSet: 'agones.dev/gameserverset',
  /** On pods: `true` or `false`; disruption budgets select by it. */
  safeToEvict: 'agones.dev/safe-to-evict',
  /** On pods with passthrough ports whose numbers the platform chooses. */
  port: 'agones.dev/port',
} as const

/** The role of the pods in which games run. */
export const gameServerRole = 'gameserver'
