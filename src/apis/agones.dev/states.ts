/** The states of a GameServer, in the order of its life. Contract: Agones `agones.dev/v1`. */
export const gameServerStates = [
  'PortAllocation',
  'Creating',
  'Starting',
  'Scheduled',
  'RequestReady',
  'Ready',
  'Reserved',
  'Allocated',
  'Unhealthy',
  'Error',
  'Shutdown',
] as const
export type GameServerState = (typeof gameServerStates)[number]

/** How the number of a port comes about. `TCPUDP` ports are one number for both. */
export const portPolicies = ['Dynamic', 'Static', 'Passthrough', 'None'] as const
export type PortPolicy = (typeof portPolicies)[number]

export const portProtocols = ['UDP', 'TCP', 'TCPUDP'] as const
export type PortProtocol = (typeof portProtocols)[number]

export const schedulings = ['Packed', 'Distributed'] as const
export type Scheduling = (typeof schedulings)[number]

export const evictionSafeties = ['Always', 'OnUpgrade', 'Never'] as const
export type EvictionSafety = (typeof evictionSafeties)[number]

export const sdkLogLevels = ['Info', 'Debug', 'Error', 'Trace'] as const
export const strategyTypes = ['RollingUpdate', 'Recreate', 'InPlaceIfPossible'] as const
export const priorityTypes = ['Counter', 'List'] as const
export const sortOrders = ['Ascending', 'Descending'] as const
