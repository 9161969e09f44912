import { Option } from 'commander'
import { stringify } from 'yaml'

export type OutputFormat = 'json' | 'yaml' | 'wide' | 'name'

/** The option `-o`. */
export function outputOption(formats: readonly OutputFormat[] = ['json', 'yaml', 'wide', 'name']): Option {
  return new Option('-o, --output <format>', 'how to print').choices(formats)
}

/** An object as JSON or YAML, with a final line end. Bookkeeping of field owners is left out, as kubectl does. */
export function formatObject(value: unknown, format: 'json' | 'yaml'): string {
  const shown = withoutManagedFields(value)
  if (format === 'json') return `${JSON.stringify(shown, null, 4)}\n`
  // YAML 1.1, which kubectl reads: texts such as "on" or "0777" come out quoted.
  return stringify(shown, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: true })
}

function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutManagedFields)
  const object = value as Record<string, unknown>
  if (Array.isArray(object['items'])) return { ...object, items: object['items'].map(withoutManagedFields) }
  const metadata = object['metadata']
  if (typeof metadata !== 'object' || metadata === null || !('managedFields' in metadata)) return value
  const { managedFields: _bookkeeping, ...rest } = metadata
  return { ...object, metadata: rest }
}
