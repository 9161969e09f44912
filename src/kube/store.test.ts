import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DeepReadonly, keyOf, type KubeObject } from './object.ts'
import { ObjectStore } from './store.ts'

let version = 0
function object(name: string, labels: Record<string, string> = {}, uid = `u-${name}`): KubeObject {
  version += 1
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'n', uid, resourceVersion: String(version), creationTimestamp: '', labels },
  }
}

const byNode = (pod: DeepReadonly<KubeObject>): readonly string[] =>
  (pod.metadata.labels?.['node'] ?? '').split(',').filter(name => name !== '')

describe('ObjectStore', () => {
  test('finds by key and by index, also by one that is added later', () => {
    const store = new ObjectStore({ node: byNode })
    store.apply(object('a', { node: 'x,y' }))
    store.apply(object('b', { node: 'x' }))
    expect(store.get('n/a')?.metadata.name).toBe('a')
    expect(store.byIndex('node', 'x').map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    const byName = (pod: DeepReadonly<KubeObject>): string[] => [pod.metadata.name]
    store.addIndex('name', byName)
    store.addIndex('name', byName)
    expect(store.byIndex('name', 'b')).toHaveLength(1)
    expect(() => store.addIndex('name', () => [])).toThrow("another index 'name'")
    expect(() => store.byIndex('nope', 'x')).toThrow("no index 'nope'")
  })

  test('announces what is there to late subscribers, and nothing after they left', () => {
    const store = new ObjectStore<KubeObject>()
    store.apply(object('a'))
    const heard: string[] = []
    const subscription = store.subscribe({ added: ({ metadata }) => heard.push(metadata.name) })
    store.apply(object('b'))
    subscription[Symbol.dispose]()
    store.apply(object('c'))
    expect(heard).toEqual(['a', 'b'])
  })

  test('the same version twice is no change; a late deletion of a namesake is none either', () => {
    const store = new ObjectStore<KubeObject>()
    const heard: string[] = []
    store.subscribe({ added: () => heard.push('+'), updated: () => heard.push('~'), deleted: () => heard.push('-') })
    const first = object('a')
    store.apply(first)
    store.apply({ ...first })
    store.remove(object('a', {}, 'another'))
    store.remove(object('missing'))
    expect(heard).toEqual(['+'])
  })

  test('a subscriber that subscribes within a handler hears of each object once', () => {
    const store = new ObjectStore<KubeObject>()
    const heard: string[] = []
    let isFirst = true
    store.subscribe({
      added: () => {
        if (isFirst) store.subscribe({ added: ({ metadata }) => heard.push(metadata.name) })
        isFirst = false
      },
    })
    store.apply(object('a'))
    store.apply(object('b'))
    expect(heard).toEqual(['a', 'b'])
  })

  test('whenSynced resolves with the first list and rejects with the signal', async () => {
    const store = new ObjectStore<KubeObject>()
    await expect(store.whenSynced(AbortSignal.timeout(1))).rejects.toMatchObject({ name: 'TimeoutError' })
    const waiting = store.whenSynced(new AbortController().signal)
    store.replace(new Map())
    await waiting
    await store.whenSynced()
    expect(store.hasSynced).toBe(true)
  })

  test('indexes always agree with the objects', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const step = fc.oneof(
      fc.record({ do: fc.constant('apply' as const), name, node: fc.constantFrom('', 'x', 'y', 'x,y'), uid: fc.constantFrom('1', '2') }),
      fc.record({ do: fc.constant('remove' as const), name }),
      fc.record({ do: fc.constant('replace' as const), names: fc.uniqueArray(name), node: fc.constantFrom('x', 'y') }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), steps => {
        const store = new ObjectStore({ node: byNode })
        for (const what of steps) {
          if (what.do === 'apply') store.apply(object(what.name, { node: what.node }, what.uid))
          if (what.do === 'remove') {
            const old = store.get(`n/${what.name}`)
            if (old !== undefined) store.remove(old)
          }
          if (what.do === 'replace') {
            store.replace(new Map(what.names.map(own => [`n/${own}`, object(own, { node: what.node })])))
            expect(store.size).toBe(what.names.length)
          }
          for (const node of ['x', 'y']) {
            const expected = store.list().filter(pod => byNode(pod).includes(node))
            expect(store.byIndex('node', node).map(keyOf).toSorted()).toEqual(expected.map(keyOf).toSorted())
            for (const pod of store.byIndex('node', node)) expect(store.get(keyOf(pod))).toBe(pod)
          }
        }
      }),
    )
  })
})
