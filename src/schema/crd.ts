import type { StructuralSchema } from './structural.ts'

/** A kind of our own: everything its CustomResourceDefinition says. */
export interface KindDefinition {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  /** Default: the kind in lower case. */
  readonly singular?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
  /** Of the object without apiVersion, kind and metadata. */
  readonly schema: StructuralSchema
  readonly status?: boolean
  readonly scale?: { readonly specReplicasPath: string; readonly statusReplicasPath: string; readonly labelSelectorPath?: string }
  readonly columns?: readonly PrinterColumn[]
}

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string
  readonly type: 'integer' | 'number' | 'string' | 'boolean' | 'date'
  readonly jsonPath: string
  readonly description?: string
  /** Above 0 only in wide output. */
  readonly priority?: number
}

/** A CustomResourceDefinition with one version, ready to be applied. */
export interface CustomResourceDefinitionManifest {
  apiVersion: 'apiextensions.k8s.io/v1'
  kind: 'CustomResourceDefinition'
  metadata: { name: string }
  spec: {
    group: string
    names: { kind: string; listKind: string; plural: string; singular: string; shortNames?: string[]; categories?: string[] }
    scope: 'Namespaced' | 'Cluster'
    versions: {
      name: string
      served: true
      storage: true
      schema: { openAPIV3Schema: StructuralSchema }
      subresources?: {
        status?: Record<string, never>
        scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string }
      }
      additionalPrinterColumns?: PrinterColumn[]
    }[]
  }
}

const typeMeta: Readonly<Record<string, StructuralSchema>> = {
  apiVersion: {
    type: 'string',
    description:
      'APIVersion defines the versioned schema of this representation of an object. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources',
  },
  kind: {
    type: 'string',
    description:
      'Kind is a string value representing the REST resource this object represents. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
  },
  metadata: { type: 'object' },
}

/** The CustomResourceDefinition of a kind. The result is plain JSON of its own and may be changed. */
export function customResourceDefinition(kind: KindDefinition): CustomResourceDefinitionManifest {
  const { shortNames, categories, columns, scale } = kind
  const singular = kind.singular ?? kind.kind.toLowerCase()
  const subresources = { ...(kind.status === true ? { status: {} } : {}), ...(scale === undefined ? {} : { scale: { ...scale } }) }
  return structuredClone<CustomResourceDefinitionManifest>({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular,
        ...(shortNames === undefined ? {} : { shortNames: [...shortNames] }),
        ...(categories === undefined ? {} : { categories: [...categories] }),
      },
      scope: kind.scope,
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { ...kind.schema, properties: { ...typeMeta, ...kind.schema.properties } } },
          ...(Object.keys(subresources).length === 0 ? {} : { subresources }),
          ...(columns === undefined ? {} : { additionalPrinterColumns: [...columns] }),
        },
      ],
    },
  })
}
