import type { Row } from './bench.ts'

/** Rows as a Markdown table; a column for every key that any row has. */
export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const cells = rows.map(row => columns.map(column => String(row[column] ?? '–')))
  const widths = columns.map((column, index) => Math.max(column.length, ...cells.map(line => line[index]?.length ?? 0)))
  const line = (values: readonly string[]): string => `| ${values.map((value, index) => value.padEnd(widths[index] ?? 0)).join(' | ')} |`
  return [line(columns), line(widths.map(width => '-'.repeat(width))), ...cells.map(line)].join('\n')
}
