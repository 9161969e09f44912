import type { Clock } from '../../../kube/clock.ts'
import { DelayHeap } from '../../../kube/delay-heap.ts'

export interface DueQueueOptions<K> {
  readonly clock: Clock
  /** Keys that may be worked on at the same time. */
  readonly concurrency: number
  /** Must not reject. */
  readonly handle: (key: K) => Promise<void>
}

/** Timers are rounded up to this, so that many pods share one. Milliseconds. */
const tickMs = 4

/**
 * Keys with due times on a single timer. A key waits once: adding it again keeps the earlier time. What is added while the key is
 * being worked on comes up again afterwards.
 */
export class DueQueue<K> implements AsyncDisposable {
  readonly #options: DueQueueOptions<K>
  readonly #heap = new DelayHeap<K>()
  readonly #active = new Map<K, Promise<void>>()
  #timer: { readonly at: number; readonly timer: Disposable } | undefined
  #closed = false

  constructor(options: DueQueueOptions<K>) {
    this.#options = options
  }

  add(key: K, delayMs: number): void {
    if (this.#closed) return
    this.#heap.add(key, this.#options.clock.now() + delayMs)
    this.#arm()
  }

  delete(key: K): void {
    this.#heap.delete(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#timer?.timer[Symbol.dispose]()
    await Promise.all(this.#active.values())
  }

  #arm(): void {
    const next = this.#heap.nextAt
    if (next === undefined || this.#closed || this.#active.size >= this.#options.concurrency) return
    if (this.#timer !== undefined && this.#timer.at <= next) return
    this.#timer?.timer[Symbol.dispose]()
    const { clock } = this.#options
    const timer = clock.after(Math.max(tickMs, next - clock.now()), () => {
      this.#timer = undefined
      this.#pump()
    })
    this.#timer = { at: next, timer }
  }

  #pump(): void {
    const { clock, concurrency, handle } = this.#options
    const now = clock.now()
    const later: K[] = []
    while (!this.#closed && this.#active.size < concurrency) {
      const due = this.#heap.takeDue(now)
      if (due === undefined) break
      if (this.#active.has(due.key)) {
        later.push(due.key)
        continue
      }
      const work = handle(due.key).finally(() => {
        this.#active.delete(due.key)
        this.#arm()
      })
      this.#active.set(due.key, work)
    }
    for (const key of later) this.#heap.add(key, now + tickMs)
    this.#arm()
  }
}
