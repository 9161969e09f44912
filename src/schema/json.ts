/** A JSON object that is not null and no array. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A deep copy of a JSON value. */
export function cloneJson<T>(value: T): T {
  return typeof value === 'object' && value !== null ? (cloneContainer(value) as T) : value
}

function cloneContainer(value: object): unknown {
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    for (const item of value as readonly unknown[]) copy.push(typeof item === 'object' && item !== null ? cloneContainer(item) : item)
    return copy
  }
  const from = value as Readonly<Record<string, unknown>>
  const copy: Record<string, unknown> = {}
  for (const key in from) {
    const member = from[key]
    const clone = typeof member === 'object' && member !== null ? cloneContainer(member) : member
    if (key === '__proto__') Object.defineProperty(copy, key, { value: clone, enumerable: true, configurable: true, writable: true })
    else copy[key] = clone
  }
  return copy
}

/** Equality of JSON values; the order of members does not matter. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, at) => equalJson(item, b[at]))
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && equalJson(a[key], b[key]))
}

/** A text that two JSON values share exactly when they are equal: members in the order of their names. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null'
  return `{${Object.keys(value)
    .toSorted()
    .map(key => `${JSON.stringify(key)}:${canonicalJson(value[key])}`)
    .join(',')}}`
}
