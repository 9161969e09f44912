import type { ClaimState, ClaimStatus, Endpoint } from './model.ts'

/** Every reason a claim can stand still for, and the state it stands in. Reasons are API: tools and tests match on them. */
export const reasons = {
  /** There is no pod yet. */
  NoBackend: 'Waiting',
  /** The pod has no node yet. */
  Unscheduled: 'Waiting',
  /** The pod has no IP yet. */
  NoPodIP: 'Waiting',
  /** The pod's node is not known. */
  NodeNotFound: 'Waiting',
  /** The node has no address. */
  NoNodeAddress: 'Waiting',
  /** The Service of the pod that was here before is not gone yet. */
  PreviousServiceRemains: 'Waiting',
  /** The cloud has not delivered the load balancer's address. */
  LoadBalancerPending: 'Waiting',
  /** The cloud says that it cannot deliver; it tries again by itself. */
  LoadBalancerFailed: 'Waiting',
  /** Kubernetes has not assigned the node ports. */
  NodePortPending: 'Waiting',
  /** The Service was written and is not visible yet. */
  ServicePending: 'Pending',
  NamespaceTerminating: 'Pending',
  NoFreePorts: 'NoCapacity',
  UnknownNetworkType: 'Rejected',
  InvalidParameters: 'Rejected',
  /** The network type is switched off, or its part of the provider configuration is invalid. */
  ProviderOff: 'Rejected',
  /** A Service of that name exists and belongs to somebody else. */
  ServiceNameTaken: 'Rejected',
  /** The API server does not accept the Service. */
  ServiceRefused: 'Rejected',
  /** The pod has none of the host ports it should have. */
  NoHostPorts: 'Rejected',
  NetworkDisabled: 'Disabled',
} as const satisfies Record<string, ClaimState>

export type Reason = keyof typeof reasons

/** A claim that is not served, and why. */
export function standing(reason: Reason, message: string): ClaimStatus {
  return { state: reasons[reason], reason, message, endpoints: [] }
}

/** A claim that is served. */
export function bound(endpoints: readonly Endpoint[]): ClaimStatus {
  return { state: 'Bound', reason: '', message: '', endpoints }
}
