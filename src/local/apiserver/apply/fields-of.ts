import type { StructuralSchema } from '../../../schema/structural.ts'
import { EMPTY, type FieldSet, itemElement } from './field-set.ts'
import { granularityOf, isNamedField, isThereFromStart, memberSchema } from './granularity.ts'

/** Fields that belong to the server: nobody owns them. */
const unownedMetadata = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
])

/** Whether ownership of a member at this depth is not recorded: apiVersion, kind and the server's part of metadata. */
export function isUnowned(depth: number, parent: string, key: string): boolean {
  if (depth === 0) return key === 'apiVersion' || key === 'kind'
  return depth === 1 && parent === 'metadata' && unownedMetadata.has(key)
}

/**
 * The fields an object consists of. With `apply`, what its applier owns: leaves, list items and keys of maps. With `update`, also the
 * structs, maps and lists that hold them, because whoever wrote the object created those too; but those a Go object has before anybody
 * fills it.
 */
export function fieldsOf(object: unknown, schema: StructuralSchema, mode: 'apply' | 'update'): FieldSet {
  const set = membersOf(object, schema, mode, 0, '', true)
  return set ?? EMPTY
}

/** The node of one value. `fromStart`: it was there, empty, before anybody wrote to it. */
export function nodeOf(
  value: unknown,
  schema: StructuralSchema | undefined,
  mode: 'apply' | 'update',
  depth = 2,
  name = '',
  fromStart = false,
): FieldSet {
  return membersOf(value, schema, mode, depth, name, fromStart) ?? EMPTY
}

function membersOf(
  value: unknown,
  schema: StructuralSchema | undefined,
  mode: 'apply' | 'update',
  depth: number,
  name: string,
  fromStart: boolean,
): FieldSet | undefined {
  const granularity = granularityOf(value, schema)
  if (granularity === 'leaf') return undefined
  const set: Record<string, FieldSet> = {}
  let some = false
  if (granularity === 'list') {
    for (const item of value as readonly unknown[]) {
      const element = schema === undefined ? undefined : itemElement(item, schema)
      if (element === undefined) return undefined
      const inner = membersOf(item, schema?.items, mode, depth + 1, '', false)
      if (!some && mode === 'update' && !fromStart) set['.'] = EMPTY
      some = true
      set[element] = inner === undefined ? EMPTY : { '.': EMPTY, ...inner }
    }
  } else {
    const object = value as Readonly<Record<string, unknown>>
    for (const key in object) {
      const member = object[key]
      if (member === undefined || (depth < 2 && isUnowned(depth, name, key))) continue
      const inner = membersOf(member, memberSchema(schema, key), mode, depth + 1, key, fromStart && isThereFromStart(schema, key, depth))
      if (inner === undefined && depth < 2 && typeof member === 'object' && member !== null && isBare(depth, key, member)) continue
      if (!some && mode === 'update' && !fromStart) set['.'] = EMPTY
      some = true
      set[`f:${key}`] = inner === undefined ? EMPTY : mode === 'apply' && !isNamedField(schema, key) ? { '.': EMPTY, ...inner } : inner
    }
  }
  return some ? set : undefined
}

/** `metadata` whose every field is the server's would otherwise look like an owned empty object. */
function isBare(depth: number, key: string, member: object): boolean {
  return depth === 0 && key === 'metadata' && Object.keys(member).every(name => unownedMetadata.has(name))
}
