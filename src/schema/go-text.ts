import { isJsonObject } from './json.ts'

/** A value as Go's `%v` prints it: Kubernetes quotes by that what it could not use. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (!isJsonObject(value)) return value === null ? '<nil>' : typeof value === 'string' ? value : JSON.stringify(value)
  const members = Object.keys(value).toSorted()
  return `map[${members.map(name => `${name}:${goText(value[name])}`).join(' ')}]`
}
