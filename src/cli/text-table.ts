/** Rows in columns three spaces apart, as kubectl prints them. Rows that come later keep to the columns of the earlier ones. */
export class TextTable {
  readonly #headings: readonly string[]
  readonly #widths: number[]
  #showHeadings: boolean

  constructor(headings: readonly string[], options: { readonly headings?: boolean } = {}) {
    this.#headings = headings
    this.#widths = headings.map(() => 0)
    this.#showHeadings = options.headings !== false
  }

  /** The lines of further rows; headings stand above the first ones. */
  lines(rows: readonly (readonly string[])[]): string[] {
    const shown = this.#showHeadings ? [this.#headings, ...rows] : rows
    this.#showHeadings = false
    for (const row of shown) {
      for (const [column, width] of this.#widths.entries()) this.#widths[column] = Math.max(width, displayWidth(row[column] ?? ''))
    }
    return shown.map(row =>
      this.#widths
        .map((width, column) => padded(row[column] ?? '', width))
        .join('   ')
        .trimEnd(),
    )
  }
}

/** All lines of a table at once. */
export function textTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: { readonly headings?: boolean } = {},
): string[] {
  return new TextTable(headings, options).lines(rows)
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(width - displayWidth(text))
}

/** Letters, not code units. */
function displayWidth(text: string): number {
  return Array.from(text).length
}
