/** A query string with its `?`, without what is undefined or empty; empty when nothing is left. Arrays repeat their key. */
export function queryString(parameters: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(parameters)) {
    if (value === undefined || value === '') continue
    if (typeof value === 'object') for (const item of value) query.append(key, item)
    else query.append(key, String(value))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
