import type { Draft, RegisteredResource, TableColumn } from '../registry.ts'
import { builtinCells } from './builtin-cells.ts'
import type { Cells } from './cells.ts'
import { customCells } from './custom-cells.ts'

export type IncludeObject = 'None' | 'Metadata' | 'Object'

export interface TableOptions {
  readonly now: Date
  /** `Metadata` unless the request says otherwise. */
  readonly includeObject: IncludeObject
  /** Metadata of the list; a single object's own resourceVersion is taken when absent. */
  readonly listMetadata?: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number }
  /** Watches send column definitions with the first event only. */
  readonly omitColumns?: boolean
  /** Of `meta.k8s.io`; default `v1`. */
  readonly version?: string
}

export interface TableRow {
  readonly cells: readonly unknown[]
  readonly object?: unknown
  readonly conditions?: readonly object[]
}

export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly columnDefinitions: readonly Readonly<Omit<TableColumn, 'jsonPath'>>[] | null
  readonly rows: readonly TableRow[]
}

/**
 * Renders objects as a `meta.k8s.io/v1` Table, as the API server does for `kubectl get`: built-in kinds by code, custom resources by
 * their `additionalPrinterColumns`. Objects are shared with the result, not copied.
 */
export function renderTable(resource: RegisteredResource, objects: readonly Readonly<Draft>[], options: TableOptions): Table {
  const cells = cellsFor(resource)
  const apiVersion = `meta.k8s.io/${options.version ?? 'v1'}`
  const isPods = resource.type.group === '' && resource.type.plural === 'pods'
  const only = objects.length === 1 ? objects[0] : undefined
  return {
    kind: 'Table',
    apiVersion,
    metadata: options.listMetadata ?? (only === undefined ? {} : { resourceVersion: only.metadata.resourceVersion }),
    columnDefinitions: options.omitColumns === true ? null : columnsOf(resource).map(definition),
    rows: objects.map(object => ({
      ...row(cells(object, options.now), object, options.includeObject, apiVersion),
      ...(isPods ? completion(object) : {}),
    })),
  }
}

const nameDescription = 'Name must be unique within a namespace.'
const unknownColumns: readonly TableColumn[] = [
  { name: 'Name', type: 'string', format: 'name', description: nameDescription, priority: 0 },
  { name: 'Created At', type: 'date', description: 'When the object was created.', priority: 0 },
]

/** The columns of a resource, the name first. */
export function columnsOf(resource: RegisteredResource): readonly TableColumn[] {
  if (!resource.custom) return resource.columns.length > 0 ? resource.columns : unknownColumns
  const name: TableColumn = { name: 'Name', type: 'string', format: 'name', description: nameDescription, priority: 0 }
  if (resource.columns.length > 0) return [name, ...resource.columns]
  return [
    name,
    { name: 'Age', type: 'date', description: 'When the object was created.', priority: 0, jsonPath: '.metadata.creationTimestamp' },
  ]
}

function definition({ name, type, format, description, priority }: TableColumn) {
  return { name, type, format: format ?? '', description: description ?? '', priority: priority ?? 0 }
}

const compiled = new WeakMap<RegisteredResource, Cells>()

function cellsFor(resource: RegisteredResource): Cells {
  const known = compiled.get(resource)
  if (known !== undefined) return known
  const cells = resource.custom
    ? customCells(columnsOf(resource))
    : (builtinCells.get(`${resource.type.group}/${resource.type.plural}`) ?? createdAt)
  compiled.set(resource, cells)
  return cells
}

const createdAt: Cells = object => [object.metadata.name, object.metadata.creationTimestamp]

/** Says of a pod that it is over. */
function completion(object: Readonly<Draft>): Pick<TableRow, 'conditions'> {
  const phase = (object['status'] as { readonly phase?: string } | undefined)?.phase
  if (phase !== 'Failed' && phase !== 'Succeeded') return {}
  const message = phase === 'Failed' ? 'The pod failed.' : 'The pod has completed successfully.'
  return { conditions: [{ type: 'Completed', status: 'True', reason: phase, message }] }
}

function row(cells: unknown[], object: Readonly<Draft>, include: IncludeObject, apiVersion: string): TableRow {
  if (include === 'None') return { cells, object: null }
  if (include === 'Object') return { cells, object }
  return { cells, object: { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata } }
}
