import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { CounterRequest } from './counters.ts'
import type { RecordedCall } from './recorded-calls.ts'
import { type ListUpdate, Sdk, type SdkOptions } from './sdk.ts'

/** Notes which calls come, so that authors of SDKs can see whether theirs makes them all. */
export class RecordedSdk extends Sdk {
  readonly #seen = new Set<RecordedCall>()
  readonly #server: () => DeepReadonly<GameServer>

  constructor(options: SdkOptions) {
    super(options)
    this.#server = () => options.source.current()
  }

  /** Those that came, and those of `wanted` that did not; order and number do not count. */
  judge(wanted: ReadonlySet<RecordedCall>): { readonly missing: RecordedCall[]; readonly extra: RecordedCall[] } {
    return { missing: [...wanted.difference(this.#seen)], extra: [...this.#seen.difference(wanted)] }
  }

  override ready(): void {
    this.#seen.add('ready')
    super.ready()
  }

  override allocate(): void {
    this.#seen.add('allocate')
    super.allocate()
  }

  override shutdown(): void {
    this.#seen.add('shutdown')
    super.shutdown()
  }

  override reserve(seconds: number): void {
    this.#seen.add('reserve')
    super.reserve(seconds)
  }

  override ping(): void {
    this.#seen.add('health')
    super.ping()
  }

  override gameServer(signal?: AbortSignal): Promise<DeepReadonly<GameServer>> {
    this.#seen.add('gameserver')
    return super.gameServer(signal)
  }

  override watch(listener: (server: DeepReadonly<GameServer>) => void): Disposable {
    this.#seen.add('watch')
    return super.watch(listener)
  }

  /** Counts with the creation time, in seconds since 1970, as the value. */
  override setLabel(key: string, value: string): void {
    if (value === String(Math.floor(Date.parse(this.#server().metadata.creationTimestamp) / 1000))) this.#seen.add('setlabel')
    super.setLabel(key, value)
  }

  /** Counts with the uid as the value. */
  override setAnnotation(key: string, value: string): void {
    if (value === this.#server().metadata.uid) this.#seen.add('setannotation')
    super.setAnnotation(key, value)
  }

  override counter(name: string): ReturnType<Sdk['counter']> {
    this.#seen.add('getcounter')
    return super.counter(name)
  }

  override updateCounter(name: string, request: CounterRequest): ReturnType<Sdk['updateCounter']> {
    if (request.difference !== undefined) this.#seen.add('updatecounter')
    if (request.count !== undefined) this.#seen.add('setcountcounter')
    if (request.capacity !== undefined) this.#seen.add('setcapacitycounter')
    return super.updateCounter(name, request)
  }

  override list(name: string): ReturnType<Sdk['list']> {
    this.#seen.add('getlist')
    return super.list(name)
  }

  override updateList(name: string, update: ListUpdate): ReturnType<Sdk['updateList']> {
    this.#seen.add('updatelist')
    return super.updateList(name, update)
  }

  override addListValue(name: string, value: string): ReturnType<Sdk['addListValue']> {
    this.#seen.add('addlistvalue')
    return super.addListValue(name, value)
  }

  override removeListValue(name: string, value: string): ReturnType<Sdk['removeListValue']> {
    this.#seen.add('removelistvalue')
    return super.removeListValue(name, value)
  }
}
