import type { Schema } from '../../schema/builder.ts'
import { s } from '../../schema/builder.ts'
import type { StructuralSchema } from '../../schema/structural.ts'
import { builtinSchema } from './schemas.ts'
import type { PodTemplateSpec } from './types.generated.ts'

/** What a CustomResourceDefinition takes over from the schema of a built-in type. Patch strategies and unions mean nothing there. */
const kept = [
  'type',
  'format',
  'enum',
  'minimum',
  'maximum',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
] as const satisfies readonly (keyof StructuralSchema)[]

let made: Schema<PodTemplateSpec> | undefined

/**
 * The schema of a whole PodTemplateSpec in the form a CustomResourceDefinition may have, made from the facts about built-in kinds: what is
 * wrong in a template is refused where it stands, and unknown fields are pruned.
 */
export function podTemplateSchema(): Schema<PodTemplateSpec> {
  made ??= makeTemplate()
  return made
}

function makeTemplate(): Schema<PodTemplateSpec> {
  const template = builtinSchema({ group: '', version: 'v1', kind: 'PodTemplate' })?.properties?.['template']
  const spec = template?.properties?.['spec']
  if (spec === undefined) throw new Error('the facts about Kubernetes say nothing of pod templates')
  return {
    type: 'object',
    description: 'The pod of every server: a Kubernetes PodTemplateSpec.',
    properties: { metadata: s.preserve({ description: 'Labels and annotations of the pod.' }), spec: inDefinition(spec) },
  }
}

function inDefinition(schema: StructuralSchema): StructuralSchema {
  if (schema['x-kubernetes-int-or-string'] === true) return schema.format === 'quantity' ? s.quantity() : s.intOrString()
  const made: Record<string, unknown> = {}
  for (const key of kept) if (schema[key] !== undefined) made[key] = schema[key]
  if (schema.required !== undefined) made['required'] = schema.required
  if (schema.properties !== undefined) {
    made['properties'] = Object.fromEntries(Object.entries(schema.properties).map(([name, member]) => [name, inDefinition(member)]))
  }
  if (schema.items !== undefined) made['items'] = withKeys(inDefinition(schema.items), schema['x-kubernetes-list-map-keys'])
  if (typeof schema.additionalProperties === 'object') made['additionalProperties'] = inDefinition(schema.additionalProperties)
  return made
}

/** What a key is taken for where it is left out. A definition is refused when a key is neither required nor has a default. */
const keyDefaults: Readonly<Record<string, unknown>> = { protocol: 'TCP' }

function withKeys(item: StructuralSchema, keys: readonly string[] = []): StructuralSchema {
  const optional = keys.filter(key => item.required?.includes(key) !== true)
  if (optional.length === 0) return item
  const defaulted = optional.map(key => [key, { ...item.properties?.[key], default: keyDefaults[key] ?? '' }] as const)
  return { ...item, properties: { ...item.properties, ...Object.fromEntries(defaulted) } }
}
