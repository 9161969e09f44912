import type { StructuralSchema } from './structural.ts'

const string: StructuralSchema = { type: 'string' }
const time: StructuralSchema = { type: 'string', format: 'date-time', nullable: true }
const stringMap: StructuralSchema = { type: 'object', additionalProperties: string }
const boolean: StructuralSchema = { type: 'boolean' }

/**
 * The schema of `metadata`. Custom resources may not describe it themselves, so pruning and validation use this one
 * for the root of every object and for embedded resources.
 */
export const objectMetaSchema: StructuralSchema = {
  type: 'object',
  properties: {
    name: string,
    generateName: string,
    namespace: string,
    selfLink: string,
    uid: string,
    resourceVersion: string,
    generation: { type: 'integer', format: 'int64' },
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: { type: 'integer', format: 'int64' },
    labels: stringMap,
    annotations: stringMap,
    ownerReferences: {
      type: 'array',
      items: {
        type: 'object',
        required: ['apiVersion', 'kind', 'name', 'uid'],
        properties: { apiVersion: string, kind: string, name: string, uid: string, controller: boolean, blockOwnerDeletion: boolean },
        'x-kubernetes-map-type': 'atomic',
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-patch-merge-key': 'uid',
      'x-kubernetes-patch-strategy': 'merge',
    },
    finalizers: { type: 'array', items: string, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
    managedFields: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          manager: string,
          operation: string,
          apiVersion: string,
          time,
          fieldsType: string,
          fieldsV1: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          subresource: string,
        },
      },
      'x-kubernetes-list-type': 'atomic',
    },
  },
}

const noProperties: Readonly<Record<string, StructuralSchema>> = {}

/**
 * The properties of the root of an object or of an embedded resource: those of the schema, with apiVersion, kind and
 * metadata always known.
 */
export function resourceProperties(schema: StructuralSchema): Readonly<Record<string, StructuralSchema>> {
  const known = cache.get(schema)
  if (known !== undefined) return known
  const own = schema.properties ?? noProperties
  const metadata = own['metadata']
  const result = {
    apiVersion: string,
    kind: string,
    ...own,
    metadata:
      metadata?.properties === undefined
        ? { ...objectMetaSchema, ...metadata, properties: objectMetaSchema.properties ?? noProperties }
        : metadata,
  }
  cache.set(schema, result)
  return result
}

const cache = new WeakMap<StructuralSchema, Readonly<Record<string, StructuralSchema>>>()
