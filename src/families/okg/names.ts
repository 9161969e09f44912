/** Keys of our own, beside those of the original. */
export const ownAnnotations = {
  /** On GameServerSets: ids below the highest that a scale-down left empty, with the replicas they belong to, as `{"replicas":5,"ids":"3"}`. */
  idHoles: 'berth.dev/id-holes',
  /** On pods that wait in their preDelete hook: why they leave. */
  deleteReason: 'berth.dev/delete-reason',
  /** On GameServerSets while they are taken over from OpenKruise: from which revision to which, as JSON. */
  takingOver: 'berth.dev/taking-over',
} as const

/** The readiness gate of every game server; false while images change in place. */
export const inPlaceUpdateReady = 'InPlaceUpdateReady'

/** Reason of the gate's condition while it is false. */
export const startInPlaceUpdate = 'StartInPlaceUpdate'

/** Names of stores' indexes. */
export const indexes = {
  /** By uid of the managing owner. */
  controller: 'controller',
  /** GameServers with container overrides, by key of their set. */
  overriddenOf: 'overridden-of',
  /** Pods with the owner label, by key of the set it names; whoever owns them. */
  labelledOf: 'labelled-of',
  /** Pods of sets, by node. */
  node: 'node',
} as const
