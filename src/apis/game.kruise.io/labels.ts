/**
 * Labels of OpenKruiseGame on pods and GameServers.
 * Contract: https://openkruise.io/kruisegame/ (user manuals); the values are read by users' own tools.
 */
export const labels = {
  /** Name of the GameServerSet; on pods and GameServers. */
  ownerSet: 'game.kruise.io/owner-gss',
  /** State of the GameServer. */
  state: 'game.kruise.io/gs-state',
  opsState: 'game.kruise.io/gs-opsState',
  updatePriority: 'game.kruise.io/gs-update-priority',
  deletePriority: 'game.kruise.io/gs-delete-priority',
  /** `true` while the server's traffic is switched off. */
  networkDisabled: 'game.kruise.io/network-disabled',
  /** `true` holds an in-place update back until the network is ready for it. */
  inPlaceUpdateNotReadyBlocker: 'game.kruise.io/inplace-update-not-ready-blocker',
  /** On GameServers with reclaim policy Delete: whether the server is on its way out. */
  deleting: 'game.kruise.io/gs-deleting',
  /** On GameServers: name of the pod's node. */
  nodeName: 'game.kruise.io/node-name',
  /** `<set>-<hash>`. */
  revision: 'controller-revision-hash',
  /** Every Service of one pod selects on it. */
  podName: 'statefulset.kubernetes.io/pod-name',
  podIndex: 'apps.kubernetes.io/pod-index',
  /** Life cycle of a pod with hooks: PreparingNormal, Normal, PreparingUpdate, Updating, Updated, PreparingDelete. */
  lifecycleState: 'lifecycle.apps.kruise.io/state',
  /** Set by users on a pod that should be created anew. */
  specifiedDelete: 'apps.kruise.io/specified-delete',
} as const

/** Prefix of labels and annotations that are copied from a GameServer to its pod. */
export const syncPrefix = 'gs-sync/'
