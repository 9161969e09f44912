import { kubernetesFacts, type OpenApiDefinition } from '../../../apis/core/facts.ts'
import type { RegisteredResource } from '../registry.ts'

type Json = Record<string, unknown>

const prefix = '#/definitions/'
const ids = new Map<string, string>()

/** Names of definitions that every document refers to. */
export const META = {
  objectMeta: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  listMeta: 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta',
  deleteOptions: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  status: 'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  scale: 'io.k8s.api.autoscaling.v1.Scale',
} as const

/** The name under which a kind's schema is published: Kubernetes' own, or for custom resources the group reversed. */
export function definitionName(resource: RegisteredResource): string {
  const { group, version, kind } = resource.type
  return builtinName(group, version, kind) ?? `${group.split('.').toReversed().join('.')}.${version}.${kind}`
}

function builtinName(group: string, version: string, kind: string): string | undefined {
  if (ids.size === 0) {
    for (const [id, definition] of Object.entries(kubernetesFacts().definitions)) {
      for (const gvk of definition['x-kubernetes-group-version-kind'] ?? []) {
        if (!id.startsWith('io.k8s.apimachinery.')) ids.set(`${gvk.group}/${gvk.version}/${gvk.kind}`, id)
      }
    }
  }
  return ids.get(`${group}/${version}/${kind}`)
}

/** Values of more than one type, which version 3 can say. */
const manyTyped: Readonly<Record<string, Json>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
}

/** A built-in definition and all it refers to, in OpenAPI v3 form, added to `schemas`. */
export function addDefinition(schemas: Json, id: string): void {
  if (id in schemas) return
  const definition = kubernetesFacts().definitions[id]
  if (definition === undefined) return
  // Known before its parts are: definitions may refer to themselves.
  schemas[id] = {}
  schemas[id] = manyTyped[id] ?? convert(definition, reference => addDefinition(schemas, reference))
}

function convert(definition: OpenApiDefinition, visit: (id: string) => void): Json {
  const { $ref, properties, items, additionalProperties, ...rest } = definition
  if ($ref !== undefined) {
    const id = $ref.slice(prefix.length)
    visit(id)
    return { allOf: [{ $ref: `#/components/schemas/${id}` }] }
  }
  const schema: Json = { ...rest }
  if (properties !== undefined)
    schema['properties'] = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, convert(value, visit)]))
  if (items !== undefined) schema['items'] = convert(items, visit)
  if (additionalProperties !== undefined) schema['additionalProperties'] = convert(additionalProperties, visit)
  return schema
}

const apiVersionText =
  'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values.'
const kindText =
  'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase.'

/** A custom resource's own schema with the parts that every object has, as a root definition. */
export function customDefinition({ type, schema }: RegisteredResource): Json {
  return {
    ...schema,
    type: 'object',
    properties: {
      apiVersion: { description: apiVersionText, type: 'string' },
      kind: { description: kindText, type: 'string' },
      ...schema.properties,
      metadata: { description: "Standard object's metadata.", allOf: [{ $ref: `#/components/schemas/${META.objectMeta}` }] },
    },
    'x-kubernetes-group-version-kind': [{ group: type.group, version: type.version, kind: type.kind }],
  }
}

/** The list kind of a resource. */
export function listDefinition({ type, listKind }: RegisteredResource, name: string): Json {
  return {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { description: apiVersionText, type: 'string' },
      items: { type: 'array', items: { allOf: [{ $ref: `#/components/schemas/${name}` }] } },
      kind: { description: kindText, type: 'string' },
      metadata: { allOf: [{ $ref: `#/components/schemas/${META.listMeta}` }] },
    },
    'x-kubernetes-group-version-kind': [{ group: type.group, version: type.version, kind: listKind }],
  }
}
