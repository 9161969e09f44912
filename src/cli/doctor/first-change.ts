/**
 * The path of the first place where two JSON values differ; undefined when they say the same. Members that are absent, null or false say the same,
 * and so do empty objects and lists: servers drop them.
 */
export function firstChange(one: unknown, other: unknown, path = ''): string | undefined {
  if (isNothing(one) && isNothing(other)) return undefined
  if (isNothing(one) || isNothing(other) || typeof one !== typeof other || Array.isArray(one) !== Array.isArray(other)) return path
  if (typeof one !== 'object' || one === null || other === null) return one === other ? undefined : path
  const [a, b] = [one as Readonly<Record<string, unknown>>, other as Readonly<Record<string, unknown>>]
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = firstChange(a[key], b[key], Array.isArray(one) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0)
}
