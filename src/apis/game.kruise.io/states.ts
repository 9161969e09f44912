/** What an operator (or the game) says of a server. Users also store texts of their own; those rank like `None`. */
export const opsStates = ['None', 'WaitToBeDeleted', 'Maintaining', 'Allocated', 'Kill'] as const
export type OpsState = (typeof opsStates)[number]

/** What is seen of a server. */
export const gameServerStates = [
  'Unknown',
  'Creating',
  'Ready',
  'NotReady',
  'Crash',
  'Updating',
  'Deleting',
  'PreDelete',
  'PreUpdate',
] as const
export type GameServerState = (typeof gameServerStates)[number]

export const reclaimPolicies = ['Cascade', 'Delete'] as const
/** `Cascade`: the GameServer goes with its pod. `Delete`: it stays until the server is scaled away. */
export type ReclaimPolicy = (typeof reclaimPolicies)[number]

export const podUpdatePolicies = ['ReCreate', 'InPlaceIfPossible', 'InPlaceOnly'] as const
export type PodUpdatePolicy = (typeof podUpdatePolicies)[number]

export const updateStrategyTypes = ['RollingUpdate', 'OnDelete'] as const
export type UpdateStrategyType = (typeof updateStrategyTypes)[number]

export const scaleDownStrategyTypes = ['General', 'ReserveIds'] as const
/** `ReserveIds` writes the ids of servers that were scaled away into the reserve list. */
export type ScaleDownStrategyType = (typeof scaleDownStrategyTypes)[number]
