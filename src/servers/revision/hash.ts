import { createHash } from 'node:crypto'

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/**
 * The name of a template's content: equal templates have equal hashes, whatever the order of their keys. Ten characters that are
 * valid in label values and object names.
 */
export function hashTemplate(template: object): string {
  const digest = createHash('sha256').update(canonicalJson(template)).digest()
  return Array.from(digest.subarray(0, 10), byte => ALPHABET[byte % ALPHABET.length]).join('')
}

/** JSON with sorted keys and without undefined members. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}
