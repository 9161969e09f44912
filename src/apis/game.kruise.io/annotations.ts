/** Annotations of OpenKruiseGame and, where behaviour depends on them, of Kruise. */
export const annotations = {
  /** On pods: name of the network type. */
  networkType: 'game.kruise.io/network-type',
  /** On pods: JSON array of the network's parameters. */
  networkConf: 'game.kruise.io/network-conf',
  /** On pods: JSON of {@link import('./network-status.ts').NetworkStatus}; games read it through a downward API volume. */
  networkStatus: 'game.kruise.io/network-status',
  networkTriggerTime: 'game.kruise.io/network-trigger-time',
  /** RFC 3339; renewed at every change of the label opsState. */
  opsStateLastChangedTime: 'game.kruise.io/opsState-last-changed-time',
  /** RFC 3339; absent until the state changed once. */
  stateLastChangedTime: 'game.kruise.io/state-last-changed-time',
  /** On pods: comma separated names of the containers an update changes. */
  updatingContainers: 'game.kruise.io/gs-updating-containers',
  /** On GameServerSets: the reserve list last acted upon, as `1,2,5-7`. */
  reserveIds: 'game.kruise.io/reserve-ids',
  /** On GameServers: hash of the template's labels and annotations. */
  templateMetadataHash: 'game.kruise.io/gsTemplate-metadata-hash',
  /** On Services of load balancer networks: hash of the parsed parameters. */
  networkConfigHash: 'game.kruise.io/network-config-hash',
  /** On Services of the NodePort network: hash of the parsed parameters. */
  serviceHash: 'game.kruise.io/svc-hash',
  inPlaceUpdateState: 'apps.kruise.io/inplace-update-state',
  inPlaceUpdateGrace: 'apps.kruise.io/inplace-update-grace',
  lifecycleTimestamp: 'lifecycle.apps.kruise.io/timestamp',
} as const

/** Key in the selector of a NodePort Service that sends traffic nowhere. */
export const selectorDisabledKey = 'game.kruise.io/svc-selector-disabled'
