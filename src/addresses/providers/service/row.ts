import type { RangeName } from '../../provider-config.ts'

/** The form of a parameter's value. */
export type ValueForm =
  | { readonly form: 'text' | 'boolean' | 'names' | 'ports' | 'json' | 'keyValues' }
  | { readonly form: 'integer'; readonly min: number; readonly max: number }
  | { readonly form: 'choice'; readonly of: readonly string[] }

/** What a parameter means to the engine, when it is more than an annotation. */
export type Role =
  /** Ids of load balancers that exist. */
  | 'pools'
  /** Asks the cloud for a load balancer of the server's own. */
  | 'create'
  | 'ports'
  /** The address belongs to the slot, not to the pod. */
  | 'fixed'
  /** Spread servers over the load balancers instead of filling the first. */
  | 'spread'
  /** Publish every ingress address, not the first alone. */
  | 'everyIngress'
  /** Containers whose change in place does not take the server out of the load balancing. */
  | 'allowNotReady'
  | 'publishNotReady'
  | 'externalTrafficPolicy'
  | 'allocateNodePorts'
  /** Free annotations of the Service. */
  | 'annotations'

/** One parameter of a network type. */
export type ParameterRow = ValueForm & {
  readonly role?: Role
  /** Service annotation that carries the value. */
  readonly annotation?: string
  /** Used, and written, when the user says nothing. */
  readonly default?: string
  readonly required?: boolean
  /** The annotation is written only while another parameter has this value. */
  readonly when?: { readonly parameter: string; readonly is: string }
}

/** A network type that gives every server a Service: data, no code. */
export interface ServiceRow {
  /** The network type. */
  readonly provider: string
  /** The name telemetry and documents of OpenKruiseGame use. */
  readonly alias: string
  readonly parameters: Readonly<Record<string, ParameterRow>>
  /** Parameters that begin so are Service annotations themselves. */
  readonly annotationPrefix?: string
  /** Annotation for the hash of the parameters; a change rewrites the Service. */
  readonly hashAnnotation: string
  /** Name of a Service port. */
  readonly portName: (target: number, protocol: 'TCP' | 'UDP') => string
  /** Absent: the Service is of type NodePort, and Kubernetes chooses the ports. */
  readonly loadBalancer?: LoadBalancerRow
}

export interface LoadBalancerRow {
  /** Load balancer ids are unique within it. */
  readonly cloud: string
  readonly range: RangeName
  /** Annotation with the load balancer's id. */
  readonly idAnnotation: string
  /** Label by which the cloud's controller repeats the id, if it does. */
  readonly idLabel?: string
  /** Annotations every Service gets. */
  readonly annotations: Readonly<Record<string, string>>
}
