import { objectName, type ServedKind } from './discovery.ts'
import { TextTable } from './text-table.ts'

/**
 * The server's own rendering of objects.
 * Contract: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */
export interface ServerTable {
  kind?: string
  /** In a watch only the first table has them. */
  columnDefinitions?: { name: string; priority?: number }[]
  rows?: ServerRow[]
  metadata?: { resourceVersion?: string }
}

export interface ServerRow {
  cells: unknown[]
  object?: { metadata?: { name?: string; namespace?: string; resourceVersion?: string } }
}

/** What to accept for a {@link ServerTable}. */
export const asTable = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

/** What of a table is shown. */
export interface TableView {
  readonly wide: boolean
  readonly namespaces: boolean
  readonly headings: boolean
  /** Whether names carry their kind, since several are shown. */
  readonly kinds: boolean
}

/** Turns rows of one kind into lines, which stay aligned however many come. */
export class TableRenderer {
  readonly #kind: ServedKind
  readonly #view: TableView
  readonly #showNamespaces: boolean
  #columns: { readonly name: string; readonly index: number }[] = []
  #table: TextTable | undefined

  constructor(kind: ServedKind, view: TableView) {
    this.#kind = kind
    this.#view = view
    this.#showNamespaces = view.namespaces && kind.type.namespaced
  }

  lines({ columnDefinitions = [], rows = [] }: ServerTable): string[] {
    if (rows.length === 0) return []
    this.#table ??= this.#begin(columnDefinitions)
    return this.#table.lines(rows.map(row => this.#cells(row)))
  }

  #begin(definitions: readonly { readonly name: string; readonly priority?: number }[]): TextTable {
    this.#columns = definitions
      .map((column, index) => ({ ...column, index }))
      .filter(({ priority = 0 }) => priority === 0 || this.#view.wide)
    const headings = [...(this.#showNamespaces ? ['NAMESPACE'] : []), ...this.#columns.map(({ name }) => name.toUpperCase())]
    return new TextTable(headings, { headings: this.#view.headings })
  }

  #cells({ cells, object }: ServerRow): string[] {
    const texts = this.#columns.map(({ name, index }) => {
      const text = cellText(cells[index])
      return this.#view.kinds && name === 'Name' ? objectName(this.#kind, text) : text
    })
    return this.#showNamespaces ? [object?.metadata?.namespace ?? '', ...texts] : texts
  }
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined || cell === '') return '<none>'
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell as string | number | boolean)
}
