import { describe, expect, test } from 'vitest'
import { createController, TerminalError } from './controller.ts'
import { FakeClock } from './fake-clock.ts'
import type { MetricsSink } from './metrics.ts'
import type { KubeObject } from './object.ts'
import { ObjectStore } from './store.ts'

function object(name: string, resourceVersion = '1', labels: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'n', uid: `u-${name}`, resourceVersion, creationTimestamp: '', labels },
  }
}

function counting(): { metrics: MetricsSink; counts: Record<string, number> } {
  const counts: Record<string, number> = {}
  const increment = (name: string, labels: Readonly<Record<string, string>>): void => {
    const id = labels['result'] === undefined ? name : `${name}/${labels['result']}`
    counts[id] = (counts[id] ?? 0) + 1
  }
  return { metrics: { increment, set: () => {}, observe: () => {} }, counts }
}

describe('createController', () => {
  test('starts when its stores are filled and reconciles each key', async () => {
    const store = new ObjectStore<KubeObject>()
    const seen: string[] = []
    const controller = createController({ name: 'c', reconcile: async key => (seen.push(key), 'done') })
    controller.watch(store)
    const started = controller.start()
    store.apply(object('early'))
    await Promise.resolve()
    expect(seen).toEqual([])
    store.replace(new Map([['n/early', object('early')]]))
    await started
    store.apply(object('late'))
    await controller.whenIdle()
    expect(seen).toEqual(['n/early', 'n/late'])
    await controller[Symbol.asyncDispose]()
  })

  test('maps objects to their owners, of both versions, and filters updates', async () => {
    const store = new ObjectStore<KubeObject>()
    store.replace(new Map())
    const seen: string[] = []
    const controller = createController({ name: 'c', reconcile: async key => (seen.push(key), 'done') })
    controller.watch(store, {
      keysOf: pod => [`n/${pod.metadata.labels?.['set'] ?? ''}`],
      changed: (pod, old) => pod.metadata.labels?.['set'] !== old.metadata.labels?.['set'],
    })
    await controller.start()
    store.apply(object('a', '1', { set: 'x' }))
    await controller.whenIdle()
    store.apply(object('a', '2', { set: 'x' }))
    await controller.whenIdle()
    store.apply(object('a', '3', { set: 'y' }))
    await controller.whenIdle()
    expect(seen).toEqual(['n/x', 'n/y', 'n/x'])
    await controller[Symbol.asyncDispose]()
  })

  test('retries failures with growing waits, but not terminal ones', async () => {
    const clock = new FakeClock()
    const { metrics, counts } = counting()
    const times: number[] = []
    const start = clock.now()
    const controller = createController({
      name: 'c',
      clock,
      metrics,
      reconcile: async key => {
        if (key === 'terminal') throw new TerminalError('no')
        times.push(clock.now() - start)
        if (times.length < 4) throw new Error('again')
        return { requeueAfterMs: 1000 }
      },
    })
    await controller.start()
    controller.enqueue('terminal')
    controller.enqueue('a')
    await clock.advance(2000)
    expect(times).toEqual([0, 5, 15, 35, 1035])
    expect(counts['controller_runtime_reconcile_errors_total']).toBe(4)
    expect(counts['controller_runtime_terminal_reconcile_errors_total']).toBe(1)
    expect(counts['controller_runtime_reconcile_total/requeue_after']).toBe(2)
    await controller[Symbol.asyncDispose]()
  })

  test('never works on one key twice at a time, and on no more keys than it has workers', async () => {
    let active = 0
    let most = 0
    const busy = new Set<string>()
    const controller = createController({
      name: 'c',
      workers: 3,
      reconcile: async key => {
        expect(busy.has(key)).toBe(false)
        busy.add(key)
        active += 1
        most = Math.max(most, active)
        await new Promise(resolve => setTimeout(resolve, 1))
        active -= 1
        busy.delete(key)
        return 'done'
      },
    })
    await controller.start()
    for (let round = 0; round < 5; round += 1) {
      for (let index = 0; index < 10; index += 1) controller.enqueue(`k${index}`)
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    await controller.whenIdle()
    expect(most).toBe(3)
    await controller[Symbol.asyncDispose]()
  })

  test('disposal aborts what runs and waits for it', async () => {
    let ended = false
    const controller = createController({
      name: 'c',
      reconcile: (_key, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended = true
            reject(new Error('aborted'))
          })
        }),
    })
    await controller.start()
    controller.enqueue('a')
    await new Promise(resolve => setImmediate(resolve))
    await controller[Symbol.asyncDispose]()
    expect(ended).toBe(true)
  })
})
