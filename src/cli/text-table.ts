/** Lays rows out in columns, three spaces apart, as kubectl does; columns that are empty in all rows keep their heading. */
export function textTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: { readonly headings?: boolean } = {},
): string[] {
  const all = options.headings === false ? rows : [headings, ...rows]
  const widths = headings.map((_heading, column) => Math.max(0, ...all.map(row => displayWidth(row[column] ?? ''))))
  return all.map(row =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? ''
        return cell + ' '.repeat(width - displayWidth(cell))
      })
      .join('   ')
      .trimEnd(),
  )
}

/** Letters, not code units. */
function displayWidth(text: string): number {
  return Array.from(text).length
}
