import { formatMicroTime } from './clock.ts'
import type { DeepReadonly, KubeObject } from './object.ts'
import type { ResourceType } from './resource.ts'

/** `coordination.k8s.io/v1` Lease, as far as leader election uses it. */
export interface Lease extends KubeObject {
  spec?: {
    /** Empty: released. */
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

export const leases: ResourceType<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
}

export interface Holding {
  readonly identity: string
  readonly durationMs: number
  /** Wall-clock time, for people: candidates do not compare it. */
  readonly now: number
}

/** The spec with which the holder takes, or keeps, the lease. */
export function heldSpec(spec: DeepReadonly<Lease>['spec'], { identity, durationMs, now }: Holding): NonNullable<Lease['spec']> {
  const time = formatMicroTime(now)
  const isNew = spec?.holderIdentity !== identity
  const transitions = spec?.leaseTransitions ?? -1
  return {
    ...spec,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    renewTime: time,
    acquireTime: isNew ? time : (spec?.acquireTime ?? time),
    leaseTransitions: isNew ? transitions + 1 : Math.max(0, transitions),
  }
}

/** The spec of a lease that nobody holds: the next one need not wait. */
export function releasedSpec(spec: DeepReadonly<Lease>['spec'], now: number): NonNullable<Lease['spec']> {
  const time = formatMicroTime(now)
  return { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time, acquireTime: time }
}
