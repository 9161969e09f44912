import { isJsonObject } from '../../src/schema/json.ts'
import type { Answer } from './player.ts'

/** A field that two servers answer differently. `undefined` is a field that is not there. */
export interface Difference {
  /** `chapter/step`. */
  readonly step: string
  /** `status`, `headers.warning`, `body.metadata.labels.app`. */
  readonly field: string
  readonly embedded: unknown
  readonly real: unknown
}

/** Every field in which two answers differ. Members of objects have no order, items of lists do. */
export function differences(step: string, embedded: Answer, real: Answer): Difference[] {
  const found: Difference[] = []
  const visit = (field: string, a: unknown, b: unknown): void => {
    if (Array.isArray(a) && Array.isArray(b)) {
      for (let index = 0; index < Math.max(a.length, b.length); index += 1) visit(`${field}[${index}]`, a[index], b[index])
    } else if (isJsonObject(a) && isJsonObject(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) visit(`${field}.${key}`, a[key], b[key])
    } else if (a !== b) {
      found.push({ step, field, embedded: a, real: b })
    }
  }
  if (embedded.status !== real.status) {
    // A success and a refusal have nothing in common that were worth listing.
    return [{ step, field: 'status', embedded: gist(embedded), real: gist(real) }]
  }
  visit('headers', embedded.headers, real.headers)
  visit('body', embedded.body, real.body)
  return found
}

const gist = ({ status, body }: Answer): unknown => [
  status,
  isJsonObject(body) && typeof body['message'] === 'string' ? body['message'] : body,
]

/** A difference that is meant to be, or that is not worth its price, and why. */
export interface KnownDifference {
  readonly reason: string
  /** `chapter/step: field`; `*` stands for any text. A field stands for everything below it. */
  readonly where: readonly string[]
}

/** Whether a difference is the one a `where` of the list speaks of. */
export function isAt(where: string, { step, field }: Difference): boolean {
  const pattern = where
    .split('*')
    .map(text => text.replaceAll(/[.[\]()+?^$|\\{}]/g, String.raw`\$&`))
    .join('.*')
  return new RegExp(`^${pattern}(?:$|[.[])`).test(`${step}: ${field}`)
}
