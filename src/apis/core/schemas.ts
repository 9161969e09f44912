import type { StructuralSchema } from '../../schema/structural.ts'
import { kubernetesFacts } from './facts.ts'
import type { OpenApiDefinition } from './facts.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

const anything: StructuralSchema = { 'x-kubernetes-preserve-unknown-fields': true }
const anyObject: StructuralSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** Definitions whose JSON form is not what their OpenAPI says. */
const special: Readonly<Record<string, StructuralSchema>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { 'x-kubernetes-int-or-string': true },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { 'x-kubernetes-int-or-string': true, format: 'quantity' },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': anyObject,
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': anyObject,
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': anything,
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': anything,
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': anything,
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': anything,
}

const prefix = '#/definitions/'
const linked = new Map<string, StructuralSchema>()
const goNames = new WeakMap<StructuralSchema, string>()
let kinds: Map<string, string> | undefined

/**
 * The schema of a built-in kind, linked on first use: `$ref`s become the referenced objects themselves, so a schema may be cyclic
 * (JSONSchemaProps) and equal parts are shared. Undefined for a kind this build has no facts about.
 */
export function builtinSchema(type: {
  readonly group: string
  readonly version: string
  readonly kind: string
}): StructuralSchema | undefined {
  kinds ??= indexKinds()
  const id = kinds.get(`${type.group}/${type.version}/${type.kind}`)
  return id === undefined ? undefined : linkDefinition(id)
}

/** The Go type a linked schema describes, `v1.PodSpec`, as Kubernetes' decoder names it; undefined for parts that have no definition. */
export function goTypeName(schema: StructuralSchema): string | undefined {
  return goNames.get(schema)
}

function indexKinds(): Map<string, string> {
  const index = new Map<string, string>()
  for (const [id, definition] of Object.entries(kubernetesFacts().definitions)) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) index.set(`${group}/${version}/${kind}`, id)
  }
  return index
}

function linkDefinition(id: string): StructuralSchema {
  const done = special[id] ?? linked.get(id)
  if (done !== undefined) return done
  const definition = kubernetesFacts().definitions[id]
  if (definition === undefined) return anything
  const schema: Mutable<StructuralSchema> = {}
  // Known before its parts are: this is what closes cycles.
  linked.set(id, schema)
  goNames.set(schema, id.split('.').slice(-2).join('.'))
  fill(schema, definition)
  return schema
}

function link(definition: OpenApiDefinition): StructuralSchema {
  if (definition.$ref !== undefined) return linkDefinition(definition.$ref.slice(prefix.length))
  const schema: Mutable<StructuralSchema> = {}
  fill(schema, definition)
  return schema
}

function fill(schema: Mutable<StructuralSchema>, definition: OpenApiDefinition): void {
  const { $ref: _, properties, items, additionalProperties, 'x-kubernetes-group-version-kind': __, ...same } = definition
  Object.assign(schema, same)
  if (properties !== undefined) {
    schema.properties = Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, link(member)]))
  }
  if (items !== undefined) schema.items = link(items)
  if (additionalProperties !== undefined) schema.additionalProperties = link(additionalProperties)
  const isOpaque = definition.type === 'object' && properties === undefined && additionalProperties === undefined
  if (isOpaque) schema['x-kubernetes-preserve-unknown-fields'] = true
}
