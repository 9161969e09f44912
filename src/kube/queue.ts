import { type Clock, systemClock } from './clock.ts'
import { DelayHeap } from './delay-heap.ts'
import { type MetricsSink, noopMetrics } from './metrics.ts'
import { TokenBucket } from './token-bucket.ts'

export interface QueueOptions {
  /** For metrics. */
  readonly name?: string
  readonly clock?: Clock
  /** First wait after a failure; doubles with each further failure of the same key. Default 5 ms. */
  readonly baseDelayMs?: number
  /** Longest wait after failures. Default 1,000 s. */
  readonly maxDelayMs?: number
  /** Over all keys together, how fast failures are retried. Default: no such limit. */
  readonly retryLimit?: { readonly perSecond: number; readonly burst: number }
  readonly metrics?: MetricsSink
}

/**
 * A queue of keys with the semantics of client-go's workqueue: a key waits at most once; a key that is being worked on is
 * never handed out again before `done`, and if it was added meanwhile it then waits again. So many changes of one object
 * become one piece of work, and no object is in two hands.
 * Contract: https://pkg.go.dev/k8s.io/client-go/util/workqueue
 */
export class KeyQueue<K = string> {
  readonly #clock: Clock
  readonly #name: string
  readonly #metrics: MetricsSink
  readonly #baseDelayMs: number
  readonly #maxDelayMs: number
  readonly #bucket: TokenBucket | undefined
  /** Waiting for a worker, in order of arrival, with the time they came. */
  readonly #ready = new Map<K, number>()
  readonly #processing = new Map<K, number>()
  /** Added while being worked on. */
  readonly #dirty = new Set<K>()
  readonly #delayed = new DelayHeap<K>()
  readonly #failures = new Map<K, number>()
  readonly #takers: { give(key: K | undefined): void }[] = []
  #timer: { readonly at: number; readonly handle: Disposable } | undefined
  #idle: PromiseWithResolvers<void> | undefined
  #closed = false

  constructor(options: QueueOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#name = options.name ?? ''
    this.#metrics = options.metrics ?? noopMetrics
    this.#baseDelayMs = options.baseDelayMs ?? 5
    this.#maxDelayMs = options.maxDelayMs ?? 1_000_000
    this.#bucket = options.retryLimit === undefined ? undefined : new TokenBucket({ ...options.retryLimit, clock: this.#clock })
  }

  /** Keys that wait for a worker now; delayed ones and those being worked on do not count. */
  get length(): number {
    return this.#ready.size
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#delayed.size
  }

  get isShutDown(): boolean {
    return this.#closed
  }

  /** Wants the key to be worked on. After `shutDown` it does nothing. */
  add(key: K): void {
    if (this.#closed) return
    this.#delayed.delete(key)
    if (this.#processing.has(key)) {
      this.#dirty.add(key)
      return
    }
    if (this.#ready.has(key)) return
    this.#metrics.increment('workqueue_adds_total', this.#labels())
    this.#ready.set(key, this.#clock.now())
    this.#handOut()
    this.#metrics.set('workqueue_depth', this.#labels(), this.#ready.size)
  }

  /** The same, not before `ms` from now. If the key is delayed already, the earlier time wins; a key that waits already stays. */
  addAfter(key: K, ms: number): void {
    if (ms <= 0) {
      this.add(key)
      return
    }
    if (this.#closed || this.#ready.has(key) || this.#dirty.has(key)) return
    this.#delayed.add(key, this.#clock.now() + ms)
    this.#armTimer()
  }

  /** After a failure: adds the key with a wait that grows with its failures until `forget`. Returns the wait in milliseconds. */
  addRateLimited(key: K): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#metrics.increment('workqueue_retries_total', this.#labels())
    const ms = Math.max(Math.min(this.#baseDelayMs * 2 ** failures, this.#maxDelayMs), this.#bucket?.reserve() ?? 0)
    this.addAfter(key, ms)
    return ms
  }

  /** The key succeeded: its next failure waits from the beginning again. */
  forget(key: K): void {
    this.#failures.delete(key)
  }

  /** Failures of the key since it was last forgotten. */
  failures(key: K): number {
    return this.#failures.get(key) ?? 0
  }

  /** The next key, as soon as there is one; `undefined` when the queue is shut down or the signal aborted. Call `done` for each key. */
  take(signal?: AbortSignal): Promise<K | undefined> {
    if (signal?.aborted === true) return Promise.resolve(undefined)
    const first = this.#ready.keys().next()
    if (first.done !== true) {
      this.#begin(first.value)
      return Promise.resolve(first.value)
    }
    if (this.#closed) return Promise.resolve(undefined)
    return new Promise(resolve => {
      const onAbort = (): void => {
        this.#takers.splice(this.#takers.indexOf(taker), 1)
        resolve(undefined)
      }
      const taker = {
        give: (key: K | undefined): void => {
          signal?.removeEventListener('abort', onAbort)
          resolve(key)
        },
      }
      this.#takers.push(taker)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** The work on a key that `take` gave is over, whatever came of it. */
  done(key: K): void {
    const since = this.#processing.get(key)
    if (since === undefined) return
    this.#processing.delete(key)
    this.#metrics.observe('workqueue_work_duration_seconds', this.#labels(), (this.#clock.now() - since) / 1000)
    if (this.#dirty.delete(key)) this.add(key)
    if (this.#processing.size === 0 && this.#ready.size === 0) this.#idle?.resolve()
  }

  /** No new keys; those that wait are still handed out, delayed ones are dropped. */
  shutDown(): void {
    this.#closed = true
    this.#timer?.handle[Symbol.dispose]()
    this.#timer = undefined
    for (const taker of this.#takers.splice(0)) taker.give(undefined)
  }

  /** Resolves when nothing waits and nothing is being worked on; keys that wait for their time do not count. */
  whenIdle(): Promise<void> {
    if (this.#processing.size === 0 && this.#ready.size === 0) return Promise.resolve()
    if (this.#idle === undefined) {
      this.#idle = Promise.withResolvers()
      void this.#idle.promise.then(() => {
        this.#idle = undefined
      })
    }
    return this.#idle.promise
  }

  #handOut(): void {
    while (this.#takers.length > 0) {
      const first = this.#ready.keys().next()
      if (first.done === true) return
      this.#begin(first.value)
      this.#takers.shift()?.give(first.value)
    }
  }

  #begin(key: K): void {
    const now = this.#clock.now()
    this.#metrics.observe('workqueue_queue_duration_seconds', this.#labels(), (now - (this.#ready.get(key) ?? now)) / 1000)
    this.#ready.delete(key)
    this.#processing.set(key, now)
    this.#metrics.set('workqueue_depth', this.#labels(), this.#ready.size)
  }

  #armTimer(): void {
    const at = this.#delayed.nextAt
    if (at === undefined || this.#closed || (this.#timer !== undefined && this.#timer.at <= at)) return
    this.#timer?.handle[Symbol.dispose]()
    this.#timer = { at, handle: this.#clock.after(at - this.#clock.now(), () => this.#onTimer()) }
  }

  #onTimer(): void {
    this.#timer = undefined
    const now = this.#clock.now()
    for (let due = this.#delayed.takeDue(now); due !== undefined; due = this.#delayed.takeDue(now)) this.add(due.key)
    this.#armTimer()
  }

  #labels(): { name: string } {
    return { name: this.#name }
  }
}
