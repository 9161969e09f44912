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
  /** On a Fleet, by users, and on its sets: `InPlaceIfPossible` as `strategy.type` of the Fleet says it, for manifests that stay valid for Agones. */
  updateType: 'berth.dev/update-type',
  /** On a Fleet, by users, and on its sets: so many servers keep their version. */
  updatePartition: 'berth.dev/update-partition',
  /** On sets: how many servers may be missing during an update in place. */
  updateMaxUnavailable: 'berth.dev/update-max-unavailable',
  /** On a Fleet, by users, and on its sets: `Sidecars` has servers that are in use take changes of containers other than the game's. */
  updateInUse: 'berth.dev/update-in-use',
  /** On GameServers: the containers that are being changed in place, with commas between them. */
  updating: 'berth.dev/updating',
  /** On pods: the images that containers were given in place, and what ran in them before, as JSON. */
  changedInPlace: 'berth.dev/changed-in-place',
  /** On a Fleet or in the metadata of its template, by users, and so on GameServers: which address players are told, such as `PodIP/v6, ExternalIP`. */
  primaryAddress: 'berth.dev/primary-address',
  /** On an allocation, by matchmakers, and on the server it got: who asks again under the same id gets the same server. */
  requestId: 'berth.dev/request-id',
  /** On an allocation, by matchmakers: wait so long for a server, such as `10s`, where there is none at once. At most 30s. */
  wait: 'berth.dev/wait',
  /** Read by the cluster autoscaler. */
  clusterAutoscalerSafeToEvict: 'cluster-autoscaler.kubernetes.io/safe-to-evict',
} as const

/** What games set over the SDK begins so, labels as well. */
export const sdkPrefix = 'agones.dev/sdk-'

/** Keeps a GameServer until its pod is gone. */
export const finalizer = 'agones.dev/controller'
/** An old name of it, taken off as well. */
export const oldFinalizer = 'agones.dev'
