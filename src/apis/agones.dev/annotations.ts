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
  /** On a GameServer in Error: why, in the words of the API. Events are gone after an hour. */
  error: 'berth.dev/error',
  /** On a Fleet, by users, and on its sets: `InPlaceIfPossible` as `strategy.type` of the Fleet says it, for manifests that stay valid for Agones. */
  updateType: 'berth.dev/update-type',
  /** On a Fleet, by users, and on its sets: so many servers keep their version. */
  updatePartition: 'berth.dev/update-partition',
  /** On sets: how many servers may be missing during an update in place. */
  updateMaxUnavailable: 'berth.dev/update-max-unavailable',
  /** On a Fleet, by users, and on its sets: `Sidecars` has servers that are in use take changes of containers other than the game's. */
  updateInUse: 'berth.dev/update-in-use',
  /** On a Fleet, by users, and on its sets: `true` stops updates where they are, and new ones before they begin. */
  paused: 'berth.dev/paused',
  /** On GameServers: the containers that are being changed in place, with commas between them. */
  updating: 'berth.dev/updating',
  /** On GameServers: labels and annotations of the template that are on their way to the pod, as JSON: their names by kind. */
  updatingMetadata: 'berth.dev/updating-metadata',
  /** On pods: the images that containers were given in place, and what ran in them before, as JSON. */
  changedInPlace: 'berth.dev/changed-in-place',
  /**
   * On a Fleet or in the metadata of its template, by users, and so on GameServers: which address players are told, such as `PodIP/v6, ExternalIP`.
   * On an allocation, by matchmakers: which address of the server is the answer's; servers without such a one are not given.
   */
  primaryAddress: 'berth.dev/primary-address',
  /** In the same places: which types of addresses are published at all, such as `NetworkIP, PodIP`. Default: all. The node's name always is. */
  publishedAddresses: 'berth.dev/published-addresses',
  /** In the metadata of a template of servers, by users, and so on GameServers: the network that brings players there, as YAML or JSON. */
  network: 'berth.dev/network',
  /** On an allocation, by matchmakers, and on the server it got: who asks again under the same id gets the same server. */
  requestId: 'berth.dev/request-id',
  /** On an allocation, by matchmakers: wait so long for a server, such as `10s`, where there is none at once. At most 30s. */
  wait: 'berth.dev/wait',
  /** On an allocation, by matchmakers: the server is given back unless somebody confirms within so long, such as `30s`. From 1s to 24h. */
  confirmWithin: 'berth.dev/confirm-within',
  /** On a GameServer that was allocated so: until when somebody has to confirm, RFC 3339. */
  confirmBy: 'berth.dev/confirm-by',
  /** On such a GameServer, by matchmakers, whatever its value: the allocation holds. See `confirmation.ts`. */
  confirmed: 'berth.dev/confirmed',
  /** Read by the cluster autoscaler. */
  clusterAutoscalerSafeToEvict: 'cluster-autoscaler.kubernetes.io/safe-to-evict',
} as const

/** Followed by the name of a container, on a GameServer, by users: the image that this server alone runs in it, whatever its template says. */
export const imagePrefix = 'image.berth.dev/'

/** What games set over the SDK begins so, labels as well. */
export const sdkPrefix = 'agones.dev/sdk-'

/** Keeps a GameServer until its pod is gone. */
export const finalizer = 'agones.dev/controller'
/** An old name of it, taken off as well. */
export const oldFinalizer = 'agones.dev'
