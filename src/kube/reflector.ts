import { ApiError, isGone } from './api-error.ts'
import type { Client, WatchEvent } from './client.ts'
import { abortReason, type Clock, systemClock } from './clock.ts'
import { kept } from './kept.ts'
import { type Logger, noopLogger } from './logger.ts'
import { type DeepReadonly, keyOf, type KubeObject, type ObjectKey } from './object.ts'
import { apiVersionOf, type ResourceType } from './resource.ts'
import { type IndexFunction, ObjectStore, type Store, type StoreFeed } from './store.ts'

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Client
  readonly type: ResourceType<T>
  /** All namespaces when absent. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
  /** Filled instead of a store of its own; `feed` is the part of it that this reflector's namespace has. */
  readonly into?: { readonly store: Store<T>; readonly feed: StoreFeed<T> }
  /**
   * `list` (default) reads pages, then watches. `stream` lets the watch send the initial objects (`sendInitialEvents`), which
   * costs the server less; where the server does not offer it, the reflector falls back to `list`.
   */
  readonly initial?: 'list' | 'stream'
  readonly clock?: Clock
  readonly logger?: Logger
  /** In [0, 1); spreads retries and watch timeouts. */
  readonly random?: () => number
}

/**
 * Where a reflector stands.
 * - `listing`: reading a list into a waiting map; the store keeps its old content until the list is whole.
 * - `streaming`: the same, by the watch's initial events.
 * - `watching`: following changes from a version on.
 * - `backoff`: something failed; after the wait it goes on with `next`.
 */
export type ReflectorState<T extends KubeObject> =
  | { readonly name: 'listing' }
  | { readonly name: 'streaming'; readonly pending: Map<ObjectKey, DeepReadonly<T>> }
  | { readonly name: 'watching'; readonly resourceVersion: string }
  | { readonly name: 'backoff'; readonly waitMs: number; readonly next: ReflectorState<T> }

const firstBackoffMs = 200
/** Short: after an outage of the API server everything waits for this. A process has a dozen reflectors, so that they cost it little. */
const longestBackoffMs = 5000
/** A watch lives 5 to 10 minutes, as in client-go; then it is opened again where it ended. */
const watchSeconds = 300
/**
 * A watch that says nothing for so long is opened again where it stands: its connection may have died without a word. Servers send a
 * bookmark every minute, give or take a quarter; where one does not, this costs a request now and then.
 */
const longestSilenceMs = 90_000
/** What has spoken within this time is alive. */
const newsMs = 1000
/** How long what was missed takes to come once a watch is open, as good as always. */
const catchUpMs = 100
const initialEventsEnd = 'k8s.io/initial-events-end'

/**
 * Keeps a store equal to the objects of one kind, for as long as it lives: one list, then a watch that survives resets and
 * timeouts, and a fresh list only when the server no longer knows the version (410).
 *
 * Guarantees: the store never shows half a list; every object that stays is announced; the last state is always announced.
 * Not guaranteed: every intermediate version, since events that happen between two lists are lost.
 */
export class Reflector<T extends KubeObject> implements AsyncDisposable {
  readonly store: Store<T>
  readonly #store: StoreFeed<T>
  readonly #options: ReflectorOptions<T>
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #random: () => number
  readonly #stop = new AbortController()
  #state: ReflectorState<T>
  #canStream: boolean
  #failures = 0
  /** The version up to which the store has seen everything, for resuming after a failure in mid-stream. */
  #resumeAt: string | undefined
  #run: Promise<void> | undefined
  /** Whether the store was ever complete. */
  #hasFilled = false
  /** When the server said something last, on the monotonic clock. */
  #heardAt = Number.NEGATIVE_INFINITY
  /** Ends the current step early; see {@link refresh}. */
  #interrupt = new AbortController()
  /** Resolved when the store's content is as new as the server's at that moment, but for what is on its way. */
  #fresh: PromiseWithResolvers<void> | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    const own = new ObjectStore<T>(options.indexes)
    const { store, feed } = options.into ?? { store: own, feed: own }
    this.#store = feed
    this.store = store
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? noopLogger
    this.#random = options.random ?? Math.random
    this.#canStream = options.initial === 'stream'
    this.#state = this.#initialState()
  }

  get state(): ReflectorState<T> {
    return this.#state
  }

  /** Starts once; further calls do nothing. Ends with the signal or with disposal. `store.whenSynced()` tells when it is filled. */
  start(signal?: AbortSignal): void {
    const ends = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal])
    this.#run ??= this.#loop(ends)
  }

  /**
   * Resolves when the store is as new as the server, but for what is on its way. For those who are about to rely on a store that was filled
   * long ago: its watch may have died without a word, so one that has not said anything just now is opened again where it stands.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    // One that is yet to be filled has nothing old. One that lists anew has, until it is done.
    if (!this.#hasFilled || (this.#resumeAt !== undefined && this.#clock.monotonic() - this.#heardAt < newsMs)) return
    this.#fresh ??= Promise.withResolvers()
    const { promise } = this.#fresh
    this.#interrupt.abort()
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(abortReason(signal))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.race([promise, aborted.promise])
      // The answer has begun; what was missed comes with it.
      await this.#clock.sleep(catchUpMs, signal)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#run
  }

  async #loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const interrupt = new AbortController()
      this.#interrupt = interrupt
      try {
        this.#state = await this.#step(this.#state, AbortSignal.any([signal, interrupt.signal]))
      } catch (error) {
        if (signal.aborted) return
        if (interrupt.signal.aborted) this.#state = this.#whereItStands()
        else this.#state = this.#afterFailure(this.#state, error)
      }
    }
  }

  #whereItStands(): ReflectorState<T> {
    return this.#resumeAt === undefined ? this.#initialState() : { name: 'watching', resourceVersion: this.#resumeAt }
  }

  #fill(objects: ReadonlyMap<ObjectKey, DeepReadonly<T>>): void {
    this.#store.replace(objects)
    this.#hasFilled = true
    this.#failures = 0
    this.#caughtUp()
  }

  #caughtUp(): void {
    this.#fresh?.resolve()
    this.#fresh = undefined
  }

  #step(state: ReflectorState<T>, signal: AbortSignal): Promise<ReflectorState<T>> {
    switch (state.name) {
      case 'listing':
        return this.#list(signal)
      case 'streaming':
        return this.#stream(state.pending, signal)
      case 'watching':
        return this.#watch(state.resourceVersion, signal)
      case 'backoff':
        return this.#clock.sleep(state.waitMs, signal).then(() => state.next)
    }
  }

  async #list(signal: AbortSignal): Promise<ReflectorState<T>> {
    const { client, type } = this.#options
    const list = await client.list(type, { ...this.#selection(), signal })
    const objects = new Map<ObjectKey, DeepReadonly<T>>()
    for (const item of list.items as readonly DeepReadonly<T>[]) objects.set(keyOf(item), kept(item))
    this.#fill(objects)
    return { name: 'watching', resourceVersion: list.metadata.resourceVersion }
  }

  async #stream(pending: Map<ObjectKey, DeepReadonly<T>>, signal: AbortSignal): Promise<ReflectorState<T>> {
    pending.clear()
    let resourceVersion: string | undefined
    for await (const event of this.#openWatch({ sendInitialEvents: true }, signal)) {
      if (event.type === 'ERROR') throw errorOf(event)
      if (resourceVersion !== undefined) {
        resourceVersion = this.#applyEvent(event)
      } else if (event.type === 'BOOKMARK') {
        if (event.object.metadata.annotations?.[initialEventsEnd] !== 'true') continue
        resourceVersion = event.object.metadata.resourceVersion
        this.#fill(pending)
        pending.clear()
      } else if (event.type === 'DELETED') pending.delete(keyOf(event.object))
      else pending.set(keyOf(event.object), kept(event.object))
      if (resourceVersion !== undefined) this.#resumeAt = resourceVersion
    }
    if (resourceVersion === undefined) throw new Error('the watch ended before its initial events were complete')
    return { name: 'watching', resourceVersion }
  }

  async #watch(from: string, signal: AbortSignal): Promise<ReflectorState<T>> {
    let resourceVersion = from
    this.#resumeAt = from
    const openedAt = this.#clock.now()
    let quiet = true
    for await (const event of this.#openWatch({ resourceVersion: from }, signal)) {
      if (event.type === 'ERROR') throw errorOf(event)
      resourceVersion = this.#applyEvent(event)
      this.#resumeAt = resourceVersion
      this.#failures = 0
      quiet = false
    }
    if (quiet && this.#clock.now() - openedAt < 1000) throw new Error('the watch ended at once and without any event')
    return { name: 'watching', resourceVersion }
  }

  #applyEvent(event: Exclude<WatchEvent<T>, { type: 'ERROR' }>): string {
    if (event.type === 'DELETED') this.#store.remove(event.object)
    else if (event.type !== 'BOOKMARK') this.#store.apply(kept(event.object))
    return event.object.metadata.resourceVersion
  }

  async *#openWatch(what: { resourceVersion?: string; sendInitialEvents?: boolean }, signal: AbortSignal): AsyncIterable<WatchEvent<T>> {
    const { client, type } = this.#options
    const timeoutSeconds = Math.ceil(watchSeconds * (1 + this.#random()))
    const silent = new AbortController()
    const openedAt = this.#clock.monotonic()
    let timer: Disposable | undefined
    const listen = (): void => {
      const left = Math.max(openedAt, this.#heardAt) + longestSilenceMs - this.#clock.monotonic()
      if (left > 0) timer = this.#clock.after(left, listen)
      else silent.abort()
    }
    listen()
    try {
      const ends = AbortSignal.any([signal, silent.signal])
      // A watch that begun with a list's content has that to say first.
      const onOpen = (): void => {
        this.#heardAt = this.#clock.monotonic()
        if (what.sendInitialEvents !== true) this.#caughtUp()
      }
      for await (const event of client.watch(type, { ...this.#selection(), ...what, timeoutSeconds, onOpen, signal: ends })) {
        this.#heardAt = this.#clock.monotonic()
        yield event
      }
    } catch (error) {
      if (signal.aborted || !silent.signal.aborted) throw error
    } finally {
      timer?.[Symbol.dispose]()
    }
  }

  #afterFailure(state: ReflectorState<T>, error: unknown): ReflectorState<T> {
    const { type } = this.#options
    const fields = { kind: type.kind, apiVersion: apiVersionOf(type), error }
    if (isGone(error)) {
      this.#logger.debug('the watch is too old: listing again', fields)
      this.#resumeAt = undefined
      // The first relist goes at once; a server that keeps saying "gone" is given time.
      return this.#failures++ === 0 ? this.#initialState() : this.#backOff(error, this.#initialState())
    }
    if (state.name === 'streaming' && this.#resumeAt === undefined && error instanceof ApiError && [400, 403, 422].includes(error.code)) {
      this.#canStream = false
      return { name: 'listing' }
    }
    const next = this.#whereItStands()
    // A connection that breaks is everyday life; only what repeats is worth a line at the default level.
    if (this.#failures < 2) this.#logger.debug('watch interrupted', fields)
    else this.#logger.warn('watch keeps failing', { ...fields, failures: this.#failures })
    return this.#backOff(error, next)
  }

  #backOff(error: unknown, next: ReflectorState<T>): ReflectorState<T> {
    const exponential = Math.min(longestBackoffMs, firstBackoffMs * 2 ** this.#failures)
    this.#failures += 1
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
    return { name: 'backoff', waitMs: Math.max(asked, exponential * (0.5 + this.#random() / 2)), next }
  }

  #initialState(): ReflectorState<T> {
    return this.#canStream ? { name: 'streaming', pending: new Map() } : { name: 'listing' }
  }

  #selection(): { namespace?: string; labelSelector?: string; fieldSelector?: string } {
    const { namespace, labelSelector, fieldSelector } = this.#options
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    }
  }
}

function errorOf(event: { object: DeepReadonly<{ code?: number; reason?: string; message?: string }> }): ApiError {
  return new ApiError({ ...event.object })
}
