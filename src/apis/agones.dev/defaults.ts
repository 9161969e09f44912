/** What absent fields of a GameServer mean. Contract: Agones `agones.dev/v1`. */
export const defaults = {
  portPolicy: 'Dynamic',
  portRange: 'default',
  protocol: 'UDP',
  scheduling: 'Packed',
  eviction: 'Never',
  sdkLogLevel: 'Info',
  sdkGrpcPort: 9357,
  sdkHttpPort: 9358,
  /** Seconds. */
  healthPeriod: 5,
  healthInitialDelay: 5,
  healthFailures: 3,
  /** Of a counter that says none. */
  counterCapacity: 1000,
  /** Of a list that says none, and the most a list may have. */
  listCapacity: 1000,
  /** The most counters, and the most lists, of one server. */
  mostKeys: 1000,
  surge: '25%',
  unavailable: '25%',
} as const
