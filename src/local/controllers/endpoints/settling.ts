import type { EndpointSlice, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { isPodFinished } from '../pod-endpoint.ts'
import type { EndpointGroup } from './desired-endpoints.ts'

/** How long writes are held back in the hope that they are not needed, in milliseconds. */
export interface Settling {
  /** A Service without pods gets its first, empty slice after this. Default 1,500. */
  readonly emptyMs: number
  /** A Service whose pods are all starting gets its first slice when one takes traffic, or after this. Default 10,000. */
  readonly startingMs: number
  /** When all pods of a Service go, it is usually going as well; if it stays, its slices say so after this. Default 2,000. */
  readonly leavingMs: number
}

export const defaultSettling: Settling = { emptyMs: 1_500, startingMs: 10_000, leavingMs: 2_000 }

/**
 * How long the slices of a Service are left as they are, counted from when they were first seen to differ. A server that comes up, and one that
 * goes with its Service, then cost one write and none: nobody misses endpoints that lead nowhere, and this cluster's own
 * forwarders follow the pods themselves. Everything else is written at once. Pure.
 */
export function settlingMs(
  settling: Settling,
  groups: readonly EndpointGroup[],
  pods: readonly DeepReadonly<Pod>[],
  slices: readonly DeepReadonly<EndpointSlice>[],
): number {
  if (groups.some(group => group.endpoints.some(({ conditions }) => conditions?.ready === true))) return 0
  const staying = pods.filter(pod => pod.metadata.deletionTimestamp === undefined && !isPodFinished(pod))
  if (slices.length === 0) return staying.length > 0 ? settling.startingMs : settling.emptyMs
  return staying.length > 0 ? 0 : settling.leavingMs
}
