import type { TableColumn } from '../registry.ts'
import { ageOf } from './age.ts'
import { compileJsonPath } from './json-path.ts'
import type { Cells } from './cells.ts'

/** The cells of custom resources: what each column's JSON path finds, in the column's type. What is missing is null and prints as blank. */
export function customCells(columns: readonly TableColumn[]): Cells {
  const compiled = columns.slice(1).map(column => ({ type: column.type, path: compileJsonPath(column.jsonPath ?? '') }))
  return (object, now) => [object.metadata.name, ...compiled.map(({ type, path }) => cell(type, path?.(object)[0], now))]
}

function cell(type: string, value: unknown, now: Date): unknown {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? ageOf(value, now) : null
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value)
    default:
      return null
  }
}
