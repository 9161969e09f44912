import type { Draft } from '../registry.ts'

/** An object as it is stored: deeply frozen, so that it can be handed to everyone without a copy. */
export type StoredObject = Readonly<Draft>

/** Freezes a JSON value with everything in it. Parts that are frozen already are taken to be so all the way down. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') deepFreeze(item)
  } else {
    for (const key in value) {
      const member: unknown = value[key]
      if (typeof member === 'object') deepFreeze(member)
    }
  }
  return Object.freeze(value)
}

/** So many texts are written until the oldest are let go: enough for watchers to keep up and for lists of a few thousand objects. */
const generation = 2_048
let texts = new WeakMap<object, string>()
let olderTexts = new WeakMap<object, string>()
let written = 0

/**
 * The JSON text of a frozen object; written once per stored version however many clients read it soon. Versions that only the
 * history remembers lose their text after a while: it would weigh more than they do.
 */
export function jsonText(object: object): string {
  const known = texts.get(object) ?? olderTexts.get(object)
  if (known !== undefined) return known
  const text = JSON.stringify(object)
  if (!Object.isFrozen(object)) return text
  if (written === generation) {
    olderTexts = texts
    texts = new WeakMap()
    written = 0
  }
  texts.set(object, text)
  written += 1
  return text
}
