import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Draft } from '../registry.ts'
import { Storage } from './storage.ts'
import type { StoredObject } from './stored-object.ts'

const draft = (name: string, value: number, namespace = 'n'): Draft => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, uid: name, resourceVersion: '', creationTimestamp: '' },
  data: { value },
})

const step = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  namespace: fc.constantFrom('m', 'n'),
  remove: fc.boolean(),
  value: fc.nat(),
})

function run(
  storage: Storage,
  { name, namespace, remove, value }: { name: string; namespace: string; remove: boolean; value: number },
): void {
  const present = storage.get('maps', namespace, name)
  if (!remove) storage.put('maps', draft(name, value, namespace))
  else if (present !== undefined) storage.remove('maps', present)
}

describe('storage', () => {
  it('lists any remembered version exactly as it was', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(undefined, 'm', 'n'), (steps, namespace) => {
        const storage = new Storage()
        const collection = storage.collection('maps')
        const seen = new Map<number, StoredObject[]>([[storage.revision, []]])
        for (const each of steps) {
          run(storage, each)
          seen.set(storage.revision, collection.list(namespace))
        }
        for (const [revision, objects] of seen) expect(collection.listAt(revision, namespace)).toEqual(objects)
      }),
    )
  })

  it('tells a history from which the present follows, from any version on', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, cut) => {
        const storage = new Storage()
        const collection = storage.collection('maps')
        for (const each of steps.slice(0, cut)) run(storage, each)
        const key = ({ metadata }: StoredObject): string => `${metadata.namespace}/${metadata.name}`
        const state = new Map(collection.list().map(object => [key(object), object]))
        const from = storage.revision
        for (const each of steps.slice(cut)) run(storage, each)
        let last = from
        for (const { type, object, revision } of collection.history.since(from)) {
          expect(revision).toBeGreaterThan(last)
          last = revision
          if (type === 'DELETED') expect(state.delete(key(object))).toBe(true)
          else state.set(key(object), object)
        }
        expect([...state.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1))).toEqual(collection.list())
      }),
    )
  })

  it('remembers a bounded history and knows how far it reaches', () => {
    const storage = new Storage({ historyLimit: 5 })
    const { history } = storage.collection('maps')
    for (let value = 0; value < 30; value += 1) storage.put('maps', draft('a', value))
    const { revision } = storage
    expect(history.reaches(revision - 5)).toBe(true)
    expect(history.reaches(revision - 6)).toBe(false)
    expect(history.since(revision - 5)).toHaveLength(5)
  })

  it('freezes all the way down', () => {
    const storage = new Storage()
    const stored = storage.put('maps', draft('a', 1))
    expect(() => ((stored['data'] as { value: number }).value = 2)).toThrow(TypeError)
  })

  it('shows a deletion with the version of the deletion', () => {
    const storage = new Storage()
    const stored = storage.put('maps', draft('a', 1))
    const removed = storage.remove('maps', stored)
    expect(Number(removed.metadata.resourceVersion)).toBe(Number(stored.metadata.resourceVersion) + 1)
  })
})
