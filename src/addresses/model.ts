/**
 * The notions of the address engine. No cloud and no family in them: a family translates its servers into claims,
 * a provider turns claims into endpoints.
 */

/** One port a server wants to be reached at. */
export interface Ask {
  readonly name: string
  readonly containerPort: number
  /** `TCPUDP` is one number on both protocols. */
  readonly protocol: 'TCP' | 'UDP' | 'TCPUDP'
  /** Host ports only: the container whose port it is, and whether the container port follows the host port. */
  readonly container?: string
  readonly sameAsHost?: boolean
}

/** What one server needs. */
export interface Claim {
  /** `namespace/name` of the server; the slot's identity. */
  readonly key: string
  /** Name of a provider (the OKG network type, for OKG sets). */
  readonly provider: string
  /** The provider's parameters as the user wrote them; names may repeat. */
  readonly parameters: readonly Parameter[]
  /** Owner of what is created for a claim whose address belongs to the slot (`Fixed`) and so lasts until the owner is gone. */
  readonly set: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string }
  /** Labels that no other pod has, so that traffic goes to this server alone. */
  readonly selector: Readonly<Record<string, string>>
  /** The pod that serves; undefined while there is none. */
  readonly backend: Backend | undefined
  /** Traffic is switched off on purpose. */
  readonly disabled: boolean
  /** Containers that are being changed in place right now (empty: none). Decides whether not-ready pods stay published. */
  readonly changing: readonly string[]
}

export interface Backend {
  readonly uid: string
  readonly name: string
  readonly ready: boolean
  readonly podIPs: readonly string[]
  readonly node: string | undefined
  /** Containers with the ports they bind on the host, as the pod's spec has them. */
  readonly hostPorts: readonly { container: string; containerPort: number; hostPort: number; protocol: 'TCP' | 'UDP' }[]
}

export interface Parameter {
  readonly name: string
  readonly value: string
}

/** One address of a server. */
export interface Endpoint {
  /** Name of the port as published. */
  readonly ask: string
  /** Where the server listens. */
  readonly containerPort: number
  readonly protocol: 'TCP' | 'UDP'
  readonly ip?: string
  readonly host?: string
  readonly port: number
  readonly scope: 'external' | 'internal'
  /** Load balancer id, node name and the like: which container of addresses it comes from. */
  readonly pool: string
}

/**
 * Where a claim stands.
 * `Pending` objects are being built; `Waiting` somebody else has to deliver (cloud, scheduler); `NoCapacity` no free port in
 * any pool; `Rejected` the parameters cannot be served; `Disabled` off on purpose.
 */
export type ClaimState = 'Pending' | 'Waiting' | 'NoCapacity' | 'Rejected' | 'Disabled' | 'Bound'

/** The outcome of one look at a claim. */
export interface ClaimStatus {
  readonly state: ClaimState
  /** CamelCase, stable; empty when Bound. */
  readonly reason: string
  readonly message: string
  readonly endpoints: readonly Endpoint[]
}

/** A problem with what the user wrote, found before anything is created. */
export interface ParameterProblem {
  /** Index into `parameters`; undefined for a missing one. */
  readonly index?: number
  readonly name: string
  readonly message: string
}
