import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, systemClock } from './clock.ts'
import { type Logger, noopLogger } from './logger.ts'
import { type MetricsSink, noopMetrics } from './metrics.ts'
import { type DeepReadonly, keyOf, type KubeObject, type ObjectKey, splitKey } from './object.ts'
import { KeyQueue, type QueueOptions } from './queue.ts'
import type { Store } from './store.ts'

/** What a reconcile wants next: nothing until something changes, or another look after some time. */
export type Result = 'done' | { readonly requeueAfterMs: number }

/** Thrown by a reconcile when repeating cannot help until something changes: logged and counted, not retried. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
  readonly code = 'KUBE_TERMINAL'
}

export interface ControllerOptions {
  /** In logs and metrics. */
  readonly name: string
  /**
   * Brings the world closer to what the object of this key asks for. It gets no event: it reads the stores, may run twice,
   * and may find the object gone. Throwing means "again, with growing waits"; see {@link TerminalError}.
   */
  readonly reconcile: (key: ObjectKey, signal: AbortSignal) => Promise<Result>
  /** How many keys at a time. Default 1. */
  readonly workers?: number
  readonly queue?: Omit<QueueOptions, 'name' | 'clock' | 'metrics'>
  readonly clock?: Clock
  readonly logger?: Logger
  readonly metrics?: MetricsSink
}

/** What makes a controller look at which keys. */
export interface WatchOptions<T extends KubeObject> {
  /** Keys to reconcile when the object changes. Default: its own key. */
  readonly keysOf?: (object: DeepReadonly<T>) => Iterable<ObjectKey>
  /** Whether an update matters; additions and deletions always do. Default: every update. */
  readonly changed?: (object: DeepReadonly<T>, old: DeepReadonly<T>) => boolean
  /** How long keys wait, in milliseconds, so that many changes become one look; the first change counts. Default 0. */
  readonly delayMs?: number
}

export interface Controller extends AsyncDisposable {
  readonly name: string
  enqueue(key: ObjectKey): void
  enqueueAfter(key: ObjectKey, ms: number): void
  /** Enqueues keys when objects of the store change. Before and after an update both versions' keys count. Call before `start`. */
  watch<T extends KubeObject>(store: Store<T>, options?: WatchOptions<T>): void
  /** Waits until all watched stores are filled, then starts the workers. Ends with the signal or with disposal. */
  start(signal?: AbortSignal): Promise<void>
  /** Resolves when no key waits or is being worked on. Delayed keys do not count. */
  whenIdle(): Promise<void>
}

/** After this long without a turn of the event loop a worker lets timers and sockets have one. */
const longestTurnMs = 8

/** Makes a controller; see {@link Controller}. Disposal waits for reconciles that run, whose signal is aborted. */
export function createController(options: ControllerOptions): Controller {
  const { name, reconcile, workers = 1, clock = systemClock, logger = noopLogger, metrics = noopMetrics } = options
  const queue = new KeyQueue<ObjectKey>({ ...options.queue, name, clock, metrics })
  const stop = new AbortController()
  const stores: Store<KubeObject>[] = []
  const subscriptions: Disposable[] = []
  const running: Promise<void>[] = []
  let active = 0
  let turnStarted = 0

  const count = (result: string): void => metrics.increment('controller_runtime_reconcile_total', { controller: name, result })

  async function reconcileOne(key: ObjectKey, signal: AbortSignal): Promise<void> {
    const startedAt = clock.now()
    active += 1
    metrics.set('controller_runtime_active_workers', { controller: name }, active)
    try {
      const result = await reconcile(key, signal)
      queue.forget(key)
      if (result === 'done') count('success')
      else {
        count('requeue_after')
        queue.addAfter(key, result.requeueAfterMs)
      }
    } catch (error) {
      if (!signal.aborted) onFailure(key, error)
    } finally {
      active -= 1
      metrics.set('controller_runtime_active_workers', { controller: name }, active)
      metrics.observe('controller_runtime_reconcile_time_seconds', { controller: name }, (clock.now() - startedAt) / 1000)
      queue.done(key)
    }
  }

  function onFailure(key: ObjectKey, error: unknown): void {
    count('error')
    metrics.increment('controller_runtime_reconcile_errors_total', { controller: name })
    const fields = { controller: name, ...splitKey(key), error }
    if (error instanceof TerminalError) {
      metrics.increment('controller_runtime_terminal_reconcile_errors_total', { controller: name })
      queue.forget(key)
      logger.error('reconcile failed for good', fields)
      return
    }
    const retryInMs = queue.addRateLimited(key)
    logger.warn('reconcile failed', { ...fields, retryInMs })
  }

  async function work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await queue.take(signal)
      if (key === undefined) return
      await reconcileOne(key, signal)
      // Reconciles that never wait for I/O would otherwise keep timers and sockets from their turn.
      if (performance.now() - turnStarted > longestTurnMs) {
        await nextTurn()
        turnStarted = performance.now()
      }
    }
  }

  return {
    name,
    enqueue: key => queue.add(key),
    enqueueAfter: (key, ms) => queue.addAfter(key, ms),
    watch<T extends KubeObject>(store: Store<T>, { keysOf = ownKey, changed, delayMs = 0 }: WatchOptions<T> = {}) {
      const enqueue = (object: DeepReadonly<T>): void => {
        for (const key of keysOf(object)) queue.addAfter(key, delayMs)
      }
      stores.push(store as unknown as Store<KubeObject>)
      subscriptions.push(
        store.subscribe({
          added: enqueue,
          deleted: enqueue,
          updated: (object, old) => {
            if (changed !== undefined && !changed(object, old)) return
            enqueue(object)
            if (keysOf !== ownKey) enqueue(old)
          },
        }),
      )
    },
    async start(outer) {
      const signal = outer === undefined ? stop.signal : AbortSignal.any([outer, stop.signal])
      await Promise.all(stores.map(store => store.whenSynced(signal)))
      logger.debug('controller started', { controller: name, workers })
      metrics.set('controller_runtime_max_concurrent_reconciles', { controller: name }, workers)
      for (let index = 0; index < workers; index += 1) running.push(work(signal))
    },
    whenIdle: () => queue.whenIdle(),
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions.splice(0)) subscription[Symbol.dispose]()
      stop.abort()
      queue.shutDown()
      await Promise.all(running)
    },
  }
}

function ownKey(object: DeepReadonly<KubeObject>): Iterable<ObjectKey> {
  return [keyOf(object)]
}
