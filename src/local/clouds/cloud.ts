/**
 * What a simulated cloud's service controller knows, as data. Nothing else in this room names a cloud:
 * a new one is a new row. `{name}` in texts is filled in by the controller.
 */
export interface Cloud {
  readonly name: string
  /** A Service belongs to the cloud when it has one of these annotations … */
  readonly annotations: readonly string[]
  /** … or an annotation that begins so … */
  readonly annotationPrefix: string
  /** … or this `spec.loadBalancerClass`. */
  readonly loadBalancerClass?: string
  /** The annotation that names an existing load balancer; absent where every Service gets one of its own. */
  readonly idAnnotation?: string
  /** The cloud's controller repeats the id as a label of this key. */
  readonly idLabel?: string
  /** What ids look like; a load balancer with such an id exists as soon as it is named, unless ids are listed. */
  readonly idPattern: RegExp
  /** When the controller makes a load balancer for the Service: `always` without an id, or when the annotation (JSON) is there. */
  readonly create: 'always' | { readonly annotation: string }
  /** Makes the id of a load balancer that is created, from a random hexadecimal text of 32 digits. */
  readonly newId: (hex: string) => string
  readonly texts: CloudTexts
}

export interface CloudTexts {
  /** `{id}`, `{known}` */
  readonly unknownId: string
  /** `{idAnnotation}`, `{createAnnotation}` */
  readonly noId: string
  /** `{createAnnotation}`, `{problem}` */
  readonly badCreate: string
  /** `{id}`, `{port}`, `{protocol}`, `{holder}` */
  readonly portConflict: string
  /** `{id}`, `{quota}` */
  readonly quota: string
}

/** How the simulated clouds behave. */
export interface CloudOptions {
  /**
   * Ids of the load balancers that exist, by the cloud's name (`volcengine`, `huawei`). A cloud that is not named here
   * has every load balancer whose id looks like one of its ids.
   */
  readonly loadBalancers?: Readonly<Record<string, readonly string[]>>
  /** Listeners per load balancer; default no limit (real ones: about 50, by contract more). */
  readonly listenerQuota?: number
  /** How long a cloud takes for one Service, in milliseconds; default 50. */
  readonly delayMs?: number
}

/** Fills `{name}` in a text. */
export function fillText(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
