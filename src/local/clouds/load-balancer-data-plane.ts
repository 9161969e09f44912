import type { Service } from '../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../kube/object.ts'

/** What carries the traffic of load balancers. */
export interface LoadBalancerDataPlane {
  /**
   * Listens on `ip` for the ports of the Service, from now on and as the Service and its pods change.
   * Resolves when the sockets are bound, with one sentence for each that could not be.
   */
  expose(service: DeepReadonly<Service>, ip: string): Promise<readonly string[]>
  /** Stops listening for the Service (`namespace/name`). */
  withdraw(serviceKey: string): void
}

/** For clusters whose servers are only simulated: addresses are given, nothing listens on them. */
export const noDataPlane: LoadBalancerDataPlane = {
  expose: () => Promise.resolve([]),
  withdraw: () => {},
}
