/** Annotations that Agones and its users read. Contract: Agones; those of `berth.dev` are ours. */
export const annotations = {
  /** On Fleets, GameServers and pods: the version of the SDK they were made for. */
  sdkVersion: 'agones.dev/sdk-version',
  /** On pods: the container of the game. */
  container: 'agones.dev/container',
  /** On pods: `{container: [index of a port, …]}`, for the webhook that sets passthrough ports. */
  passthroughPorts: 'agones.dev/container-passthrough-port-assignment',
  /** On a GameServer without a pod, by users: where the developer's own server listens. */
  devAddress: 'agones.dev/dev-address',
  /** When it was last allocated, RFC 3339. */
  lastAllocated: 'agones.dev/last-allocated',
  /** When it went to Error, RFC 3339. */
  erroredAt: 'agones.dev/errored-at',
  /** Read by the cluster autoscaler. */
  clusterAutoscalerSafeToEvict: 'cluster-autoscaler.kubernetes.io/safe-to-evict',
} as const

/** What games set over the SDK begins so, labels as well. */
export const sdkPrefix = 'agones.dev/sdk-'

/** Keeps a GameServer until its pod is gone. */
export const finalizer = 'agones.dev/controller'
/** An old name of it, taken off as well. */
export const oldFinalizer = 'agones.dev'
