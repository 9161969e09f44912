import { annotations } from '../apis/agones.dev/annotations.ts'
import type { AllocationSpec, AllocationStatus } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import type { Clock } from '../kube/clock.ts'
import { Semaphore } from '../kube/semaphore.ts'
import { type Candidate, candidateKey, type Pool } from './candidate.ts'
import { choose } from './choose.ts'
import { wishOf } from './request.ts'
import { ServerIndex } from './server-index.ts'
import type { Stock, Terms } from './stock.ts'

export interface AllocatorOptions {
  /** All servers that can be allocated, of all kinds and of all namespaces that are served. */
  readonly stocks: readonly Stock[]
  readonly clock: Clock
  /** The share of the servers that this replica looks at first, so that replicas seldom choose the same one. Default: all are its own. */
  readonly isOwn?: (server: Pick<Candidate, 'uid'>) => boolean
}

/** What Agones has not got. */
export interface AllocationExtras extends Terms {
  /** Who asks again under the same id, perhaps because an answer was lost, gets the server of the first time while it is allocated. */
  readonly requestId?: string
  /** Wait so long for a server where there is none, in milliseconds. */
  readonly waitMs?: number
}

/** After so long nobody waits for a write any more. */
const longestWriteMs = 30_000
/**
 * So many writes are under way at a time. An API server does no more at once, and each further one would open a connection, which costs as much as
 * some allocations.
 */
const mostWrites = 24
/** How often another server is tried when somebody else was faster. */
const mostTries = 8

/** Allocates servers: one choice and one write each. Nobody waits for anybody else. */
export class Allocator implements Disposable {
  readonly #options: AllocatorOptions
  readonly #index = new ServerIndex()
  readonly #writes = new Semaphore(mostWrites)
  /** Being written at the moment. */
  readonly #taken = new Set<string>()
  /** By uid, the version at which a write has failed: not tried again before there is a newer one. */
  readonly #stale = new Map<string, string>()
  /** Keys of the servers that were allocated under an id. */
  readonly #byRequest = new Map<string, string>()
  /** Under way, by id. */
  readonly #asked = new Map<string, Promise<AllocationStatus>>()
  /** Called when a server may have become free. */
  readonly #waiting = new Set<() => void>()
  readonly #stocks = new Map<Pool, Stock>()
  readonly #subscriptions = new DisposableStack()

  constructor(options: AllocatorOptions) {
    this.#options = options
    for (const stock of options.stocks) {
      this.#stocks.set(stock.pool, stock)
      this.#subscriptions.use(stock.watch({ has: candidate => this.#has(candidate), lost: key => this.#lost(key) }))
    }
  }

  /** Allocates a server; the spec has been validated. Rejects when the API does. */
  async allocate(namespace: string, spec: AllocationSpec, signal: AbortSignal, extras: AllocationExtras = {}): Promise<AllocationStatus> {
    const { requestId, waitMs = 0 } = extras
    if (requestId === undefined) return this.#allocateOrWait(namespace, spec, signal, extras)
    const id = `${namespace}/${requestId}`
    const known = this.#index.get(this.#byRequest.get(id) ?? '')
    const answer = known?.state === 'Allocated' && requestOf(known) === id && this.#stocks.get(known.pool)?.answer(known, extras)
    if (answer) return answer
    let asked = this.#asked.get(id)
    if (asked === undefined) {
      const noted = {
        ...spec,
        metadata: { ...spec.metadata, annotations: { ...spec.metadata?.annotations, [annotations.requestId]: requestId } },
      }
      // Goes on when its first caller has gone: the next one may be the same.
      asked = this.#allocateOrWait(namespace, noted, AbortSignal.timeout(waitMs + longestWriteMs), extras).finally(() =>
        this.#asked.delete(id),
      )
      this.#asked.set(id, asked)
    }
    return asked
  }

  async #allocateOrWait(namespace: string, spec: AllocationSpec, signal: AbortSignal, extras: AllocationExtras): Promise<AllocationStatus> {
    const { clock } = this.#options
    const { waitMs = 0 } = extras
    const until = clock.now() + waitMs
    for (;;) {
      const news = Promise.withResolvers<void>()
      this.#waiting.add(news.resolve)
      try {
        const status = await this.#allocateNow(namespace, spec, signal, extras)
        const left = until - clock.now()
        if (status.state !== 'UnAllocated' || left <= 0) return status
        const late = new AbortController()
        const timeout = clock.sleep(left, AbortSignal.any([signal, late.signal])).catch(() => {})
        await Promise.race([news.promise, timeout])
        late.abort()
        signal.throwIfAborted()
      } finally {
        this.#waiting.delete(news.resolve)
      }
    }
  }

  async #allocateNow(namespace: string, spec: AllocationSpec, signal: AbortSignal, terms: Terms): Promise<AllocationStatus> {
    const { isOwn } = this.#options
    const wish = wishOf(namespace, spec, terms)
    const isTaken = (one: Candidate): boolean => this.#isTaken(one)
    // Chosen only when it can be written at once: what waited might be out of date.
    const once = async (): Promise<AllocationStatus | undefined> => {
      const own = isOwn && choose(this.#index, wish, one => !isOwn(one) || isTaken(one), Math.random)
      const candidate = own ?? choose(this.#index, wish, isTaken, Math.random)
      if (candidate === undefined) return { state: 'UnAllocated', gameServerName: '', source: '' }
      return this.#take(candidate, spec, terms, signal)
    }
    for (let tries = 0; tries < mostTries; tries += 1) {
      const answer = await this.#writes.run(once, signal)
      if (answer !== undefined) return answer
    }
    return { state: 'Contention', gameServerName: '', source: '' }
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose()
  }

  /** Undefined: somebody else was faster. */
  async #take(candidate: Candidate, spec: AllocationSpec, terms: Terms, signal: AbortSignal): Promise<AllocationStatus | undefined> {
    const { pool, uid, resourceVersion } = candidate
    this.#taken.add(uid)
    try {
      const answer = await this.#stocks.get(pool)?.take(candidate, spec, terms, signal)
      if (answer === undefined) this.#stale.set(uid, resourceVersion)
      return answer
    } finally {
      this.#taken.delete(uid)
    }
  }

  #isTaken({ uid, resourceVersion }: Candidate): boolean {
    return this.#taken.has(uid) || this.#stale.get(uid) === resourceVersion
  }

  #has(candidate: Candidate): void {
    const key = candidateKey(candidate)
    this.#forgetOld(key, candidate)
    this.#index.put(candidate)
    const id = requestOf(candidate)
    if (id !== undefined) this.#byRequest.set(id, key)
    for (const wake of this.#waiting) wake()
  }

  #lost(key: string): void {
    this.#forgetOld(key, undefined)
    this.#index.remove(key)
  }

  /** What was kept for the version that was known before, if the new one does not need it. */
  #forgetOld(key: string, now: Candidate | undefined): void {
    const known = this.#index.get(key)
    if (known === undefined) return
    if (known.resourceVersion !== now?.resourceVersion) this.#stale.delete(known.uid)
    const id = requestOf(known)
    if (id !== undefined && (now === undefined || requestOf(now) !== id)) this.#byRequest.delete(id)
  }
}

function requestOf({ namespace, requestId }: Candidate): string | undefined {
  return requestId === undefined ? undefined : `${namespace}/${requestId}`
}
