import { isIP } from 'node:net'
import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson } from '../../../schema/json.ts'
import { nameProblems, type NameRule, qualifiedNameProblems } from '../rest/object-meta.ts'

export const required = (field: string, detail = ''): FieldError => ({ type: 'FieldValueRequired', field, detail })
export const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, value, detail })
export const duplicate = (field: string, value: unknown): FieldError => ({ type: 'FieldValueDuplicate', field, value, detail: '' })
export const forbidden = (field: string, detail: string): FieldError => ({ type: 'FieldValueForbidden', field, detail })
export const notFound = (field: string, value: unknown): FieldError => ({ type: 'FieldValueNotFound', field, value, detail: '' })
export const tooLong = (field: string, bytes: number): FieldError => ({
  type: 'FieldValueTooLong',
  field,
  detail: `may not be more than ${bytes} bytes`,
})

export const unsupported = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  value,
  detail: `supported values: ${supported.map(text => JSON.stringify(text)).join(', ')}`,
})

/** A port number from 1 to 65535. */
export function portErrors(field: string, port: number): FieldError[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? [] : [invalid(field, port, 'must be between 1 and 65535, inclusive')]
}

export function nameErrors(field: string, name: string, rule: NameRule): FieldError[] {
  return nameProblems(name, rule).map(text => invalid(field, name, text))
}

export function qualifiedNameErrors(field: string, name: string): FieldError[] {
  return qualifiedNameProblems(name).map(text => invalid(field, name, text))
}

/** An address of either family. */
export function ipErrors(field: string, text: string): FieldError[] {
  return isIP(text) === 0 ? [invalid(field, text, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] : []
}

/** An address that others may reach: neither loopback, link-local, unspecified nor multicast. */
export function reachableIPErrors(field: string, text: string): FieldError[] {
  const wrong = ipErrors(field, text)
  if (wrong.length > 0) return wrong
  const ranges: readonly (readonly [RegExp, string])[] = [
    [/^(0\.0\.0\.0|::)$/, 'may not be unspecified (0.0.0.0 or ::)'],
    [/^(127\.|::1$)/, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    [/^(169\.254\.|fe[89ab])/i, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    [/^(224\.0\.0\.|ff02:)/i, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ]
  return ranges.flatMap(([pattern, detail]) => (pattern.test(text) ? [invalid(field, text, detail)] : []))
}

export function cidrErrors(field: string, text: string): FieldError[] {
  const [address = '', bits = ''] = text.split('/')
  const family = isIP(address)
  const fits = family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
  return fits ? [] : [invalid(field, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')]
}

/** A count or a share: `3` or `25%`. */
export function countOrPercentErrors(field: string, value: number | string | undefined): FieldError[] {
  if (typeof value === 'number') return nonNegative(field, value)
  if (value === undefined || /^\d+%$/.test(value)) return []
  const text =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
  return [invalid(field, value, text)]
}

/** A field that keeps the value it was created with. */
export function immutable(field: string, now: unknown, before: unknown): FieldError[] {
  return equalJson(now, before) ? [] : [invalid(field, now ?? null, 'field is immutable')]
}

/** A number that must not be negative. */
export function nonNegative(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : []
}

/** One of the values of an enumeration; absent is fine. */
export function oneOf(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [unsupported(field, value, supported)]
}

/** The service name of a port: `http`, `game-1`. */
export function portNameErrors(field: string, name: string): FieldError[] {
  const problems: string[] = []
  if (name.length > 15) problems.push('must be no more than 15 characters')
  if (!/^[-a-z0-9]+$/.test(name)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)')
  if (name.includes('--')) problems.push('must not contain consecutive hyphens')
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen')
  return problems.map(text => invalid(field, name, text))
}
