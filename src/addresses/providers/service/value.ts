import { parsePortProtocols } from '../../port-protocols.ts'
import type { ParameterRow } from './row.ts'

/** Texts Go's strconv.ParseBool takes. */
const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
}

export function parseBoolean(text: string): boolean | undefined {
  return Object.hasOwn(booleans, text) ? booleans[text] : undefined
}

/** Comma separated, trimmed, each once. */
export function parseNames(text: string): string[] {
  return [...new Set(text.split(',').map(part => part.trim()))].filter(part => part !== '')
}

/** `key:value,key:value`; a value may contain colons. Undefined when a part has no colon. */
export function parseKeyValues(text: string): Record<string, string> | undefined {
  const result: Record<string, string> = {}
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const colon = part.indexOf(':')
    if (colon < 1) return undefined
    result[part.slice(0, colon).trim()] = part.slice(colon + 1).trim()
  }
  return result
}

/** What is wrong with a value of this form; undefined when nothing is. */
export function valueProblem(row: ParameterRow, text: string): string | undefined {
  switch (row.form) {
    case 'text':
      return text.trim() === '' && row.role !== undefined ? 'must not be empty' : undefined
    case 'boolean':
      return parseBoolean(text) === undefined ? `must be true or false, not ${JSON.stringify(text)}` : undefined
    case 'names':
      return parseNames(text).length === 0 && row.required === true ? 'must name at least one' : undefined
    case 'ports': {
      const parsed = parsePortProtocols(text)
      return parsed.ok ? undefined : parsed.message
    }
    case 'json':
      return isJson(text) ? undefined : 'must be JSON'
    case 'keyValues':
      return parseKeyValues(text) === undefined ? 'must be key:value,key:value' : undefined
    case 'integer': {
      const number = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN
      return number >= row.min && number <= row.max
        ? undefined
        : `must be a number from ${row.min} to ${row.max}, not ${JSON.stringify(text)}`
    }
    case 'choice':
      return row.of.includes(text) ? undefined : `must be one of ${row.of.join(', ')}, not ${JSON.stringify(text)}`
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
