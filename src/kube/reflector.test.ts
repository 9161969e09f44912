import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeApiServer } from './fake-api-server.ts'
import { FakeClock } from './fake-clock.ts'
import type { KubeObject } from './object.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'
import type { ResourceType } from './resource.ts'
import { RestClient } from './rest-client.ts'

const configmaps: ResourceType = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }

function setUp(options: Partial<ReflectorOptions<KubeObject>> = {}) {
  const server = new FakeApiServer()
  const clock = new FakeClock()
  const client = new RestClient({ transport: server, clock })
  const reflector = new Reflector({ client, type: configmaps, clock, random: () => 0.5, ...options })
  const heard: string[] = []
  reflector.store.subscribe({
    added: object => heard.push(`+${object.metadata.name}`),
    updated: object => heard.push(`~${object.metadata.name}`),
    deleted: object => heard.push(`-${object.metadata.name}`),
  })
  return { server, clock, reflector, heard }
}

const names = (reflector: Reflector<KubeObject>): string[] =>
  reflector.store
    .list()
    .map(object => object.metadata.name)
    .toSorted()

describe('Reflector', () => {
  test('lists once, then follows the watch', async () => {
    const { server, clock, reflector, heard } = setUp()
    server.put('a')
    reflector.start()
    await reflector.store.whenSynced()
    server.put('b')
    server.put('a')
    server.remove('b')
    await clock.advance(0)
    expect(heard).toEqual(['+a', '+b', '~a', '-b'])
    expect(server.count(false)).toBe(1)
    expect(server.count(true)).toBe(1)
    await reflector[Symbol.asyncDispose]()
  })

  test('hands over the very objects of the server', async () => {
    const { server, reflector } = setUp()
    server.put('a')
    reflector.start()
    await reflector.store.whenSynced()
    expect(reflector.store.get('default/a')).toBe(server.list()[0])
    await reflector[Symbol.asyncDispose]()
  })

  test('resumes after a reset without a new list', async () => {
    const { server, clock, reflector, heard } = setUp()
    reflector.start()
    await reflector.store.whenSynced()
    server.put('a')
    await clock.advance(0)
    server.reset()
    server.put('b')
    await clock.advance(1000)
    expect(heard).toEqual(['+a', '+b'])
    expect(server.count(false)).toBe(1)
    await reflector[Symbol.asyncDispose]()
  })

  test('a watch that says nothing for long is opened again where it stands', async () => {
    const { server, clock, reflector, heard } = setUp()
    reflector.start()
    await reflector.store.whenSynced()
    await clock.advance(60_000)
    server.put('a')
    await clock.advance(89_000)
    expect(server.count(true)).toBe(1)
    await clock.advance(1000)
    expect(server.count(true)).toBe(2)
    server.put('b')
    await clock.advance(0)
    expect(heard).toEqual(['+a', '+b'])
    expect(server.count(false)).toBe(1)
    await reflector[Symbol.asyncDispose]()
  })

  test('a refresh opens the watch again and has what was missed; one that has just spoken is left alone', async () => {
    const { server, clock, reflector, heard } = setUp()
    const { signal } = new AbortController()
    reflector.start()
    await reflector.refresh(signal)
    await reflector.store.whenSynced()
    await clock.advance(0)
    await reflector.refresh(signal)
    expect([server.count(false), server.count(true)]).toEqual([1, 1])
    await clock.advance(5000)
    const done = reflector.refresh(signal)
    server.put('a')
    await clock.advance(100)
    await done
    expect(heard).toEqual(['+a'])
    expect([server.count(false), server.count(true)]).toEqual([1, 2])
    await reflector[Symbol.asyncDispose]()
  })

  test('a refresh cuts a wait short, and ends with its signal', async () => {
    const { server, clock, reflector, heard } = setUp()
    reflector.start()
    await reflector.store.whenSynced()
    await clock.advance(2000)
    for (let times = 0; times < 5; times += 1) server.refusals.push({ status: 500 })
    server.reset()
    await clock.advance(1500)
    expect(reflector.state.name).toBe('backoff')
    const given = new AbortController()
    const refused = expect(reflector.refresh(given.signal)).rejects.toThrow()
    given.abort()
    await refused
    server.refusals.length = 0
    server.put('a')
    const done = reflector.refresh(new AbortController().signal)
    await clock.advance(100)
    await done
    expect(heard).toEqual(['+a'])
    await reflector[Symbol.asyncDispose]()
  })

  test('a refresh in the middle of listing anew waits for the new list: what the store has is old', async () => {
    const { server, clock, reflector, heard } = setUp()
    server.put('old')
    reflector.start()
    await reflector.store.whenSynced()
    await clock.advance(2000)
    server.reset()
    server.remove('old')
    server.put('new')
    server.compact()
    await clock.advance(500)
    for (let times = 0; times < 3; times += 1) server.refusals.push({ status: 500 })
    let isFresh = false
    const done = reflector.refresh(new AbortController().signal).then(() => (isFresh = true))
    await clock.advance(0)
    expect([isFresh, names(reflector)]).toEqual([false, ['old']])
    await clock.advance(10_000)
    await done
    expect([heard, names(reflector)]).toEqual([['+old', '-old', '+new'], ['new']])
    await reflector[Symbol.asyncDispose]()
  })

  test('lists again at 410 and announces only differences', async () => {
    const { server, clock, reflector, heard } = setUp()
    server.put('stays')
    server.put('goes')
    reflector.start()
    await reflector.store.whenSynced()
    await clock.advance(0)
    server.reset()
    server.remove('goes')
    server.put('comes')
    server.compact()
    await clock.advance(5000)
    expect(heard).toEqual(['+stays', '+goes', '-goes', '+comes'])
    expect(server.count(false)).toBe(2)
    await reflector[Symbol.asyncDispose]()
  })

  test('a namesake with another uid is a deletion and an addition', async () => {
    const { server, clock, reflector, heard } = setUp()
    server.put('a')
    reflector.start()
    await reflector.store.whenSynced()
    await clock.advance(0)
    server.put('a', {}, 'another-uid')
    await clock.advance(0)
    expect(heard).toEqual(['+a', '-a', '+a'])
    await reflector[Symbol.asyncDispose]()
  })

  test('waits as long as the server asks', async () => {
    const { server, clock, reflector } = setUp()
    server.refusals.push({ status: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden' } })
    reflector.start()
    await clock.advance(0)
    expect(reflector.state.name).toBe('backoff')
    expect(reflector.store.hasSynced).toBe(false)
    await clock.advance(200)
    expect(reflector.state.name).toBe('watching')
    expect(reflector.store.hasSynced).toBe(true)
    await reflector[Symbol.asyncDispose]()
  })

  test('streams the initial list where the server offers it, and lists where not', async () => {
    for (const streamsLists of [true, false]) {
      const { server, clock, reflector, heard } = setUp({ initial: 'stream' })
      server.streamsLists = streamsLists
      server.put('a')
      reflector.start()
      await reflector.store.whenSynced()
      await clock.advance(0)
      server.put('b')
      await clock.advance(0)
      expect(heard).toEqual(['+a', '+b'])
      expect(server.count(false)).toBe(streamsLists ? 0 : 1)
      await reflector[Symbol.asyncDispose]()
    }
  })

  test('after any sequence of changes, resets and forgotten history the store equals the list', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('put' as const), name: fc.constantFrom('a', 'b', 'c', 'd'), uid: fc.nat(1) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), name: fc.constantFrom('a', 'b', 'c', 'd') }) },
      fc.record({ do: fc.constant('reset' as const) }),
      fc.record({ do: fc.constant('compact' as const) }),
      fc.record({ do: fc.constant('refuse' as const), status: fc.constantFrom(403, 429, 500, 503) }),
      { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(400) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom('list' as const, 'stream' as const), async (steps, initial) => {
        const { server, clock, reflector } = setUp({ initial })
        const mirror = new Map<string, string>()
        reflector.store.subscribe({
          added: object => {
            expect(mirror.has(object.metadata.name)).toBe(false)
            mirror.set(object.metadata.name, object.metadata.resourceVersion)
          },
          updated: object => {
            expect(mirror.has(object.metadata.name)).toBe(true)
            mirror.set(object.metadata.name, object.metadata.resourceVersion)
          },
          deleted: object => expect(mirror.delete(object.metadata.name)).toBe(true),
        })
        reflector.start()
        for (const what of steps) {
          if (what.do === 'put') server.put(what.name, {}, `${what.name}-${what.uid}`)
          if (what.do === 'remove') server.remove(what.name)
          if (what.do === 'reset') server.reset()
          if (what.do === 'compact') server.compact()
          if (what.do === 'refuse') server.refusals.push({ status: what.status })
          if (what.do === 'advance') await clock.advance(what.ms)
        }
        await clock.advance(300_000)
        expect(reflector.store.list().toSorted(byName)).toEqual(server.list().toSorted(byName))
        expect([...mirror.keys()].toSorted()).toEqual(names(reflector))
        await reflector[Symbol.asyncDispose]()
      }),
      { numRuns: 150 },
    )
  })
})

function byName(one: { metadata: { name: string } }, other: { metadata: { name: string } }): number {
  return one.metadata.name < other.metadata.name ? -1 : 1
}
