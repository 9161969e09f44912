import { describe, expect, test } from 'vitest'
import { Expectations } from './expectations.ts'
import { FakeClock } from './fake-clock.ts'
import type { KubeObject } from './object.ts'
import { ObjectStore } from './store.ts'

function object(name: string, resourceVersion = '1', more: Partial<KubeObject['metadata']> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'n', uid: `u-${name}`, resourceVersion, creationTimestamp: '', ...more },
  }
}

function setUp() {
  const clock = new FakeClock()
  const store = new ObjectStore<KubeObject>()
  return { clock, store, expectations: new Expectations(store, { clock, timeoutMs: 1000 }) }
}

describe('Expectations', () => {
  test('a create is open until the store shows the object', () => {
    const { store, expectations } = setUp()
    expectations.created('n/set', 'n/a')
    expect(expectations.pending('n/set')).toEqual([{ kind: 'created', key: 'n/a' }])
    expect(expectations.isSatisfied('n/other')).toBe(true)
    store.apply(object('a'))
    expect(expectations.isSatisfied('n/set')).toBe(true)
  })

  test('an object that came and went between two looks fulfils its creation', () => {
    const { store, expectations } = setUp()
    expectations.created('n/set', 'n/a')
    store.apply(object('a'))
    store.remove(object('a', '2'))
    expect(expectations.isSatisfied('n/set')).toBe(true)
  })

  test('a create whose answer comes after the watch is no expectation; a failed one is none either', () => {
    const { store, expectations } = setUp()
    store.apply(object('a'))
    expectations.created('n/set', 'n/a')
    expectations.created('n/set', 'n/b')
    expectations.failed('n/set', 'n/b')
    expect(expectations.isSatisfied('n/set')).toBe(true)
  })

  test('a delete is shown by a deletion timestamp, by absence or by a namesake', () => {
    for (const shown of [object('a', '2', { deletionTimestamp: 'now' }), object('a', '2', { uid: 'another' }), undefined]) {
      const { store, expectations } = setUp()
      store.apply(object('a'))
      expectations.deleted('n/set', object('a'))
      expect(expectations.isSatisfied('n/set')).toBe(false)
      if (shown === undefined) store.remove(object('a', '2'))
      else store.apply(shown)
      expect(expectations.isSatisfied('n/set')).toBe(true)
    }
  })

  test('a write is shown by its version or a later one', () => {
    const { store, expectations } = setUp()
    store.apply(object('a', '9'))
    expectations.written('n/set', object('a', '10'))
    expect(expectations.isSatisfied('n/set')).toBe(false)
    store.apply(object('a', '11'))
    expect(expectations.isSatisfied('n/set')).toBe(true)
  })

  test('gives up after the timeout and says when', async () => {
    const { clock, expectations } = setUp()
    expectations.created('n/set', 'n/a')
    await clock.advance(400)
    expect(expectations.timeoutMs('n/set')).toBe(600)
    await clock.advance(600)
    expect(expectations.isSatisfied('n/set')).toBe(true)
    expect(expectations.timeoutMs('n/set')).toBeUndefined()
  })
})
