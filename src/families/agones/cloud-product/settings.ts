/** A label of pods. */
export interface Mark {
  readonly key: string
  readonly value: string
}

export const cloudProducts = ['generic', 'gke-autopilot', 'platform'] as const
export type CloudProductName = (typeof cloudProducts)[number]

/** What an installation says of the platform below. */
export interface CloudProductSettings {
  /** `auto` looks at the cluster. */
  readonly name: CloudProductName | 'auto'
  /** With `platform`: the annotation of pods by which it is asked for host ports and tells them. */
  readonly hostPortsAnnotation?: string
  /** With `platform`: how pods with passthrough ports are marked. Default: as on GKE Autopilot. */
  readonly passthroughLabel?: Mark
}

/** How pods with passthrough ports are marked on GKE Autopilot. Contract: Agones. */
export const autopilotPassthrough: Mark = { key: 'agones.dev/port', value: 'autopilot-passthrough' }
