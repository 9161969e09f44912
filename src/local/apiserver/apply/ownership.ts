import type { ManagedFieldsEntry } from '../../../kube/object.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import type { Draft } from '../registry.ts'
import { changesBetween } from './compare.ts'
import { difference, EMPTY, equalSets, type FieldSet, isEmpty, union } from './field-set.ts'
import { fieldsOf } from './fields-of.ts'
import { rootSchema } from './granularity.ts'

/** Who writes an object, as `managedFields` records it. */
export interface FieldWriter {
  readonly manager: string
  /** The version in which the fields were sent, `apps/v1`. */
  readonly apiVersion: string
  readonly subresource?: string | undefined
  /** RFC 3339 with seconds. */
  readonly time: string
}

/** Kubernetes' bound on update managers; older ones are merged into one. */
const MAX_UPDATERS = 10

/** The fields of an entry; frozen and shared. */
export const fieldsOfEntry = (entry: ManagedFieldsEntry) => (entry.fieldsV1 ?? EMPTY) as FieldSet

export function sameManager(entry: ManagedFieldsEntry, operation: 'Apply' | 'Update', writer: FieldWriter): boolean {
  return (
    entry.operation === operation &&
    entry.manager === writer.manager &&
    (entry.subresource ?? '') === (writer.subresource ?? '') &&
    (operation === 'Apply' || entry.apiVersion === writer.apiVersion)
  )
}

/** An entry for a set of fields; its time is the writer's. */
export function entryOf(operation: 'Apply' | 'Update', writer: FieldWriter, fields: FieldSet): ManagedFieldsEntry {
  const entry: ManagedFieldsEntry = {
    manager: writer.manager,
    operation,
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: 'FieldsV1',
    fieldsV1: fields as Record<string, unknown>,
  }
  if (writer.subresource !== undefined && writer.subresource !== '') entry.subresource = writer.subresource
  return entry
}

/** The same entry with other fields; undefined when none are left. */
export function withFields(entry: ManagedFieldsEntry, fields: FieldSet): ManagedFieldsEntry | undefined {
  if (isEmpty(fields)) return undefined
  return fields === entry.fieldsV1 || equalSets(fields, fieldsOfEntry(entry))
    ? entry
    : { ...entry, fieldsV1: fields as Record<string, unknown> }
}

/** Applied entries first, then by time and manager, as Kubernetes sorts them. */
export function sortEntries(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const rank = (entry: ManagedFieldsEntry) =>
    `${entry.operation === 'Apply' ? 0 : 1} ${entry.time ?? ''} ${entry.manager ?? ''} ${entry.apiVersion ?? ''}`
  return entries.length < 2 ? entries : entries.toSorted((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0))
}

/**
 * The `managedFields` of an object that a create, update or patch (other than apply) is about to store: whoever changes a field
 * becomes its owner and all others lose it. What the writer left alone stays as it was, times included, so that a write without
 * effect has no effect here either.
 * @param live the stored object; undefined for a create
 * @param next the object to be stored, after defaulting; a `managedFields` in it that differs from the stored one replaces it
 *   (an empty list resets it), as Kubernetes lets clients do
 */
export function trackUpdate(
  schema: StructuralSchema,
  live: Readonly<Draft> | undefined,
  next: Readonly<Draft>,
  writer: FieldWriter,
): ManagedFieldsEntry[] {
  if (live === undefined) {
    const fields = fieldsOf(next, rootSchema(schema), 'update')
    return isEmpty(fields) ? [] : [entryOf('Update', writer, fields)]
  }
  const base = baseEntries(live, next)
  const changes = changesBetween(live, next, rootSchema(schema))
  if (changes === undefined) return base
  const taken = union(changes.added, changes.modified)
  const lost = union(taken, changes.removed)
  const result: ManagedFieldsEntry[] = []
  let own: ManagedFieldsEntry | undefined
  for (const entry of base) {
    if (sameManager(entry, 'Update', writer)) own = entry
    else {
      const kept = withFields(entry, difference(fieldsOfEntry(entry), lost))
      if (kept !== undefined) result.push(kept)
    }
  }
  const before = own === undefined ? EMPTY : fieldsOfEntry(own)
  const after = union(difference(before, changes.removed), taken)
  if (!isEmpty(after)) result.push(own !== undefined && equalSets(before, after) ? own : entryOf('Update', writer, after))
  return sortEntries(capped(result))
}

function baseEntries(live: Readonly<Draft>, next: Readonly<Draft>): ManagedFieldsEntry[] {
  const sent = next.metadata.managedFields
  const stored = live.metadata.managedFields ?? []
  if (sent === undefined || sent === stored) return stored
  const valid = sent.filter(entry => entry.manager !== undefined && entry.fieldsV1 !== undefined)
  return valid.length === sent.length ? sent : []
}

function capped(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const updaters = sortEntries(entries.filter(entry => entry.operation === 'Update'))
  if (updaters.length <= MAX_UPDATERS) return entries
  const old = updaters.slice(0, updaters.length - MAX_UPDATERS + 1)
  const merged = new Map<string, ManagedFieldsEntry>()
  for (const entry of old) {
    const version = entry.apiVersion ?? ''
    const known = merged.get(version)
    const fields = known === undefined ? fieldsOfEntry(entry) : union(fieldsOfEntry(known), fieldsOfEntry(entry))
    merged.set(version, { ...entry, manager: 'ancient-changes', fieldsV1: fields as Record<string, unknown> })
  }
  return [...entries.filter(entry => !old.includes(entry)), ...merged.values()]
}
