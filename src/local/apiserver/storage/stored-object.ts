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

const texts = new WeakMap<object, string>()

/** The JSON text of a frozen object; written once per stored version however many clients read it. */
export function jsonText(object: object): string {
  const known = texts.get(object)
  if (known !== undefined) return known
  const text = JSON.stringify(object)
  if (Object.isFrozen(object)) texts.set(object, text)
  return text
}
