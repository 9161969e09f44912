import type { Status } from '../../../kube/api-error.ts'
import type { ManagedFieldsEntry } from '../../../kube/object.ts'
import { isJsonObject } from '../../../schema/json.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import type { Draft } from '../registry.ts'
import { changesBetween } from './compare.ts'
import { difference, EMPTY, equalSets, intersection, isEmpty, pathsOf, union } from './field-set.ts'
import { fieldsOf } from './fields-of.ts'
import { rootSchema } from './granularity.ts'
import { mergeConfiguration, removeAbandoned } from './merge.ts'
import { entryOf, fieldsOfEntry, type FieldWriter, sameManager, sortEntries, withFields } from './ownership.ts'

/** A field that another manager owns with another value. */
export interface ApplyConflict {
  readonly manager: string
  readonly apiVersion: string
  readonly subresource?: string
  readonly operation: 'Apply' | 'Update'
  /** `.spec.replicas` */
  readonly field: string
}

export type ApplyResult =
  /** The object to store, its `managedFields` included. Equal to the live one when the apply has no effect. */
  { readonly outcome: 'applied'; readonly object: Draft } | { readonly outcome: 'conflict'; readonly conflicts: readonly ApplyConflict[] }

export interface ApplyOptions extends FieldWriter {
  /** Takes over fields that other managers own with another value. */
  readonly force: boolean
  /** Whether the kind has a status subresource: its status is then ignored in the object, and all but status in the subresource. */
  readonly hasStatus: boolean
}

/**
 * Server-side apply: the fields of the configuration become the manager's, those it applied before and left out now are removed unless
 * somebody else owns them, and differing values that others own are conflicts. Neither argument is changed; parts are shared.
 * Contract: https://kubernetes.io/docs/reference/using-api/server-side-apply/
 * @param live the stored object; undefined creates
 * @param config the applied object as sent, not defaulted
 */
export function applyConfiguration(
  schema: StructuralSchema,
  live: Readonly<Draft> | undefined,
  config: Readonly<Draft>,
  options: ApplyOptions,
): ApplyResult {
  const root = rootSchema(schema)
  const applied = relevantPart(config, options)
  const set = fieldsOf(applied, root, 'apply')
  const entries = liveEntries(root, live, options)
  const own = entries.find(entry => sameManager(entry, 'Apply', options))
  const others = entries.filter(entry => entry !== own)
  const last = own === undefined ? EMPTY : fieldsOfEntry(own)

  let merged = live === undefined ? applied : mergeConfiguration(live, applied, root)
  if (live !== undefined && !isEmpty(last)) {
    const owned = others.reduce((sum, entry) => union(sum, fieldsOfEntry(entry)), set)
    merged = removeAbandoned(merged, last, owned, root)
  }
  const changes = live === undefined ? undefined : changesBetween(live, merged, root)
  const taken = changes === undefined ? EMPTY : union(changes.added, changes.modified)
  const contested = others
    .map(entry => ({ entry, fields: intersection(fieldsOfEntry(entry), taken) }))
    .filter(({ fields }) => !isEmpty(fields))
  if (contested.length > 0 && !options.force) {
    return {
      outcome: 'conflict',
      conflicts: contested.flatMap(({ entry, fields }) => pathsOf(fields).map(field => conflictOf(entry, field))),
    }
  }
  const lost = changes === undefined ? EMPTY : union(taken, changes.removed)
  const kept: ManagedFieldsEntry[] = []
  for (const entry of others) {
    const rest = withFields(entry, difference(fieldsOfEntry(entry), lost))
    if (rest !== undefined) kept.push(rest)
  }
  if (!isEmpty(set)) {
    const unchanged = own !== undefined && own.apiVersion === options.apiVersion && equalSets(last, set)
    kept.push(unchanged ? own : entryOf('Apply', options, set))
  }
  const object = merged as Draft
  return { outcome: 'applied', object: { ...object, metadata: { ...object.metadata, managedFields: sortEntries(kept) } } }
}

/** The configuration without what this subresource may not set, and without members that mean nothing in a configuration. */
function relevantPart(config: Readonly<Draft>, options: ApplyOptions): Draft {
  const { managedFields: _, ...metadata } = config.metadata
  const result: Record<string, unknown> = { ...config, metadata }
  if (options.hasStatus) {
    if (options.subresource === undefined || options.subresource === '') delete result['status']
    else if (options.subresource === 'status') {
      for (const key of Object.keys(result)) if (!['apiVersion', 'kind', 'metadata', 'status'].includes(key)) delete result[key]
      result['metadata'] = Object.fromEntries(Object.entries(metadata).filter(([key]) => key === 'name' || key === 'namespace'))
    }
  }
  return dropNullMembers(result) as Draft
}

/** A null in an applied map means the same as an absent member. */
function dropNullMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNullMembers)
  if (!isJsonObject(value)) return value
  const result: Record<string, unknown> = {}
  for (const key in value) if (value[key] !== null && value[key] !== undefined) result[key] = dropNullMembers(value[key])
  return result
}

/** Objects that were stored without managers belong to `before-first-apply`, so that the first apply conflicts where it should. */
function liveEntries(root: StructuralSchema, live: Readonly<Draft> | undefined, writer: FieldWriter): ManagedFieldsEntry[] {
  if (live === undefined) return []
  const entries = live.metadata.managedFields ?? []
  if (entries.length > 0) return entries
  const fields = fieldsOf(live, root, 'update')
  return isEmpty(fields) ? [] : [entryOf('Update', { ...writer, manager: 'before-first-apply', subresource: undefined }, fields)]
}

function conflictOf(entry: ManagedFieldsEntry, field: string): ApplyConflict {
  return {
    manager: entry.manager ?? '',
    apiVersion: entry.apiVersion ?? '',
    operation: entry.operation ?? 'Update',
    field,
    ...(entry.subresource === undefined ? {} : { subresource: entry.subresource }),
  }
}

/** The `Status` (409, reason Conflict) that tells a client of conflicts, in Kubernetes' words. */
export function conflictStatus(conflicts: readonly ApplyConflict[]): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: conflictMessage(conflicts),
    reason: 'Conflict',
    details: {
      causes: conflicts.map(conflict => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${managerText(conflict)}`,
        field: conflict.field,
      })),
    },
    code: 409,
  }
}

function conflictMessage(conflicts: readonly ApplyConflict[]): string {
  const [first] = conflicts
  if (first === undefined) return 'Apply failed'
  if (conflicts.length === 1) return `Apply failed with 1 conflict: conflict with ${managerText(first)}: ${first.field}`
  // Managers come in the order of their identifiers, in which a subresource stands before the end.
  const byManager = Map.groupBy(conflicts, ({ manager, operation, apiVersion, subresource }) =>
    JSON.stringify({ manager, operation, apiVersion, subresource }),
  )
  const lines = [...byManager]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, own]) => [`conflicts with ${managerText(own[0] ?? first)}:`, ...own.map(({ field }) => `- ${field}`)])
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`
}

function managerText({ manager, subresource, operation, apiVersion }: ApplyConflict): string {
  const through = subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`
  return `${JSON.stringify(manager)}${through}${operation === 'Update' ? ` using ${apiVersion}` : ''}`
}
