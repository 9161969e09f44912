/** What a game can ask of its sidecar, whatever the protocol. The rules are those of Agones. */
import { annotations, sdkPrefix } from '../apis/agones.dev/annotations.ts'
import type { CounterStatus, GameServer, ListStatus } from '../apis/agones.dev/game-server.ts'
import type { GameServerState } from '../apis/agones.dev/states.ts'
import type { Clock } from '../kube/clock.ts'
import type { Logger } from '../kube/logger.ts'
import type { DeepReadonly } from '../kube/object.ts'
import { isLabelValue, isQualifiedName } from '../schema/label-syntax.ts'
import * as counts from './counters.ts'
import type { GameServerSource } from './game-server-source.ts'
import { Health, type HealthSettings } from './health.ts'
import { applied, isFinal, type Pending, reservationEnd } from './pending.ts'
import { Writer } from './writer.ts'

export interface SdkOptions {
  readonly source: GameServerSource
  readonly clock: Clock
  readonly logger: Logger
  readonly health: HealthSettings
  /** The least time between two writes, in milliseconds. Default 500. */
  readonly rateLimitMs?: number
  /** What `Ready` leads to: on a cluster the controller has the last word. Default `RequestReady`. */
  readonly ready?: Extract<GameServerState, 'RequestReady' | 'Ready'>
  /** Told of every change of state that was written. */
  readonly onState?: (state: GameServerState, reservedSeconds: number | undefined) => void
}

/** A key or value that Kubernetes would not take. */
export class InvalidArgumentError extends Error {
  override readonly name = 'InvalidArgumentError'
}

type Counter = Required<CounterStatus>
type List = Required<ListStatus>

/** The part of a list request that is meant. */
export interface ListUpdate {
  readonly capacity?: number
  readonly values?: readonly string[]
}

/** Longest answer that waits for an address, in milliseconds: a game that asks early gets what there is. */
const addressWaitMs = 10_000

export class Sdk implements Disposable {
  readonly #options: SdkOptions
  readonly #writer: Writer
  #health: Health
  readonly #parts = new DisposableStack()
  /** Calls that wait for the server's address. */
  #waiting = 0
  #reserved: { readonly stop: AbortController; readonly seconds: number } | undefined

  constructor(options: SdkOptions) {
    const { source, clock, logger, rateLimitMs = 500 } = options
    this.#options = options
    this.#health = new Health(options.health)
    this.#writer = this.#parts.use(
      new Writer({
        source,
        clock,
        logger,
        rateLimitMs,
        onWritten: ({ state }) => state && options.onState?.(state, this.#reserved?.seconds),
      }),
    )
    const until = Date.parse(source.current().status?.reservedUntil ?? '')
    if (source.current().status?.state === 'Reserved' && !Number.isNaN(until)) this.#readyAfter(Math.max(0, until - clock.now()), 0)
  }

  ready(): void {
    this.#setState(this.#options.ready ?? 'RequestReady')
  }

  allocate(): void {
    this.#setState('Allocated')
  }

  /** A game that is being changed in place says goodbye when it is told to stop; another one starts in its place. */
  shutdown(): void {
    if (isGameChanging(this.#writer.base)) return this.#options.logger.info('the game is being changed in place: no shutdown')
    this.#setState('Shutdown')
  }

  /** Zero seconds are for ever. */
  reserve(seconds: number): void {
    this.#setState('Reserved', reservationEnd(seconds, this.#options.clock.now()))
    if (seconds > 0) this.#readyAfter(seconds * 1000, seconds)
  }

  ping(): void {
    this.#health.ping(this.#options.clock.now())
  }

  /** Kubelet asks how the game is. One that is not well loses its server for good. */
  checkHealth(): boolean {
    const now = this.#options.clock.now()
    // The game restarts, and has its time to begin once more.
    if (isGameChanging(this.#writer.base)) {
      this.#health = new Health(this.#options.health)
      return true
    }
    this.#health.begin(now)
    // One that we keep waiting cannot give a sign of life.
    if (this.#waiting > 0) this.#health.ping(now)
    const isHealthy = this.#health.check(now)
    if (!isHealthy) this.#setState('Unhealthy')
    return isHealthy
  }

  /** As the game should see it: with everything it asked for. */
  current(): DeepReadonly<GameServer> {
    const pending: Pending = { ...this.#writer.pending, labels: {}, annotations: {} }
    return applied(this.#writer.base, pending, this.#options.clock.now())
  }

  /** Waits until the server has its address, if it is to have one soon: games read their ports when they start. */
  async gameServer(signal?: AbortSignal): Promise<DeepReadonly<GameServer>> {
    const { source, clock } = this.#options
    const hasAddress = (): boolean => (source.current().status?.address ?? '') !== '' || isFinal(source.current())
    if (!hasAddress()) {
      const news = Promise.withResolvers<void>()
      using _subscription = source.subscribe(() => {
        if (hasAddress()) news.resolve()
      })
      const late = new AbortController()
      this.#waiting += 1
      await Promise.race([
        news.promise,
        clock.sleep(addressWaitMs, AbortSignal.any([late.signal, ...(signal ? [signal] : [])])).catch(() => {}),
      ])
      this.#waiting -= 1
      late.abort()
    }
    return this.current()
  }

  /** Calls back at every change; the first version is for the caller to fetch. */
  watch(listener: (server: DeepReadonly<GameServer>) => void): Disposable {
    return this.#options.source.subscribe(() => listener(this.current()))
  }

  setLabel(key: string, value: string): void {
    checkKey(key)
    if (!isLabelValue(value)) throw new InvalidArgumentError(`${JSON.stringify(value)} is no value of a label`)
    this.#writer.change(pending => ({ ...pending, labels: { ...pending.labels, [key]: value } }))
  }

  setAnnotation(key: string, value: string): void {
    checkKey(key)
    this.#writer.change(pending => ({ ...pending, annotations: { ...pending.annotations, [key]: value } }))
  }

  counter(name: string): Counter {
    return counts.applyToCounter(this.#storedCounter(name), this.#writer.pending.counters.get(name))
  }

  updateCounter(name: string, request: counts.CounterRequest): Counter {
    const stored = this.#storedCounter(name)
    const change = counts.changeCounter(stored, this.#writer.pending.counters.get(name), request)
    this.#writer.change(pending => ({ ...pending, counters: new Map(pending.counters).set(name, change) }))
    return counts.applyToCounter(stored, change)
  }

  list(name: string): List {
    return counts.applyToList(this.#storedList(name, `list not found: ${name}`), this.#writer.pending.lists.get(name))
  }

  updateList(name: string, { capacity, values }: ListUpdate): List {
    const stored = this.#storedList(name, `not found. ${name} List not found`)
    let change = this.#writer.pending.lists.get(name)
    if (capacity !== undefined) change = counts.setListCapacity(change, capacity)
    if (values !== undefined) change = counts.replaceValues(stored, change, values)
    return this.#changeList(name, stored, change)
  }

  addListValue(name: string, value: string): List {
    const stored = this.#storedList(name, `list not found: ${name}`)
    return this.#changeList(name, stored, counts.addToList(stored, this.#writer.pending.lists.get(name), name, value))
  }

  removeListValue(name: string, value: string): List {
    const stored = this.#storedList(name, `list not found: ${name}`)
    return this.#changeList(name, stored, counts.removeFromList(stored, this.#writer.pending.lists.get(name), name, value))
  }

  /** Resolves when everything the game asked for is written. */
  whenIdle(): Promise<void> {
    return this.#writer.whenIdle()
  }

  [Symbol.dispose](): void {
    this.#reserved?.stop.abort()
    this.#parts.dispose()
  }

  #setState(state: GameServerState, reservedUntil: string | null = null): void {
    this.#reserved?.stop.abort()
    this.#reserved = undefined
    // A game that was given up does not come back.
    if (isFinal(this.#writer.base) || this.#writer.pending.state === 'Unhealthy') return
    this.#writer.change(pending => ({ ...pending, state, reservedUntil }))
  }

  #readyAfter(ms: number, seconds: number): void {
    const stop = new AbortController()
    this.#reserved = { stop, seconds }
    this.#options.clock.sleep(ms, stop.signal).then(
      () => this.ready(),
      () => undefined,
    )
  }

  #changeList(name: string, stored: List, change: counts.ListChange | undefined): List {
    if (change !== undefined) this.#writer.change(pending => ({ ...pending, lists: new Map(pending.lists).set(name, change) }))
    return counts.applyToList(stored, change)
  }

  #storedCounter(name: string): Counter {
    const counter = counts.counterOf(this.#writer.base.status?.counters?.[name])
    if (counter === undefined) throw new counts.SdkError(`counter not found: ${name}`)
    return counter
  }

  #storedList(name: string, complaint: string): List {
    const list = counts.listOf(this.#writer.base.status?.lists?.[name])
    if (list === undefined) throw new counts.SdkError(complaint)
    return list
  }
}

function isGameChanging({ metadata, spec }: DeepReadonly<GameServer>): boolean {
  return metadata.annotations?.[annotations.updating]?.split(',').includes(spec.container ?? '') === true
}

function checkKey(key: string): void {
  if (!isQualifiedName(sdkPrefix + key)) throw new InvalidArgumentError(`${JSON.stringify(key)} is no name of a label or annotation`)
}
