import { readFileSync } from 'node:fs'

/** A definition of Kubernetes' OpenAPI v2 document, with `$ref`s as published. */
export interface OpenApiDefinition {
  readonly type?: string
  readonly format?: string
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, OpenApiDefinition>>
  readonly items?: OpenApiDefinition
  readonly additionalProperties?: OpenApiDefinition
  readonly required?: readonly string[]
  readonly enum?: readonly string[]
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: 'granular' | 'atomic'
  readonly 'x-kubernetes-patch-merge-key'?: string
  readonly 'x-kubernetes-patch-strategy'?: string
  readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group: string; readonly version: string; readonly kind: string }[]
}

/** A resource as the aggregated discovery of Kubernetes announces it. */
export interface DiscoveredResource {
  readonly resource: string
  readonly singularResource: string
  readonly scope: 'Namespaced' | 'Cluster'
  readonly kind: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly subresources?: readonly {
    readonly subresource: string
    readonly verbs: readonly string[]
    readonly responseKind?: { readonly group: string; readonly version: string; readonly kind: string }
  }[]
}

/** A column of a table; priority 0 is always shown, higher only in wide output. */
export interface DiscoveredColumn {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly priority: number
}

/** What Kubernetes publishes about its built-in kinds. */
export interface KubernetesFacts {
  /** Minor version, `1.34`. */
  readonly kubernetes: string
  readonly definitions: Readonly<Record<string, OpenApiDefinition>>
  readonly paths: Readonly<Record<string, { readonly kind: string; readonly verbs: readonly string[] }>>
  /** By `v1` or `apps/v1`. */
  readonly discovery: Readonly<Record<string, readonly DiscoveredResource[]>>
  /** Columns of `kubectl get`, by `v1/pods` or `apps/v1/deployments`. */
  readonly tables: Readonly<Record<string, readonly DiscoveredColumn[]>>
}

let loaded: KubernetesFacts | undefined

/** Read at the first call: commands that never look at built-in kinds do not pay for it. */
export function kubernetesFacts(): KubernetesFacts {
  loaded ??= JSON.parse(readFileSync(new URL('./schemas.generated.json', import.meta.url), 'utf8')) as KubernetesFacts
  return loaded
}
