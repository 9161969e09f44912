import { type AdvancedStatefulSet, advancedStatefulSets } from '../../../apis/apps.kruise.io/advanced-stateful-set.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { isNotFound } from '../../../kube/api-error.ts'
import type { Cache } from '../../../kube/cache.ts'
import type { Client } from '../../../kube/client.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { Logger } from '../../../kube/logger.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import { byControllerUid, controllerOf } from '../../../kube/owner-reference.ts'
import { resourcePath } from '../../../kube/resource.ts'
import type { Store } from '../../../kube/store.ts'
import type { WorkloadState } from './decide.ts'

export interface KruiseWorkloadsOptions {
  readonly client: Client
  readonly cache: Cache
  readonly clock: Clock
  readonly logger: Logger
  /** Called with the key of a set whose workload came, changed or went; without one when all sets may be concerned. */
  readonly changed: (set?: ObjectKey) => void
}

const index = 'controller'

/** How often to ask whether OpenKruise has come, and whether it has when the answer was an error, in milliseconds. */
const askAgainMs = { absent: 30_000, failed: 5000 }

/**
 * OpenKruise's workloads of GameServerSets. The kind is read only where the server has it; whether it does is asked by discovery, which
 * everybody may read, until the answer is yes.
 */
export class KruiseWorkloads implements AsyncDisposable {
  readonly #options: KruiseWorkloadsOptions
  readonly #stop = new AbortController()
  #asking: Promise<void> | undefined
  #store: Store<AdvancedStatefulSet> | undefined
  #isServed: boolean | undefined
  #subscription: Disposable | undefined

  constructor(options: KruiseWorkloadsOptions) {
    this.#options = options
  }

  /** Begins to read, and to call back. */
  start(): void {
    this.#asking ??= this.#ask(this.#stop.signal)
  }

  stateOf(set: DeepReadonly<GameServerSet>): WorkloadState {
    if (this.#isServed === false) return 'absent'
    if (this.of(set) !== undefined) return 'present'
    return this.#store?.hasSynced === true ? 'absent' : 'unknown'
  }

  /** The workload that the set controls. */
  of(set: DeepReadonly<GameServerSet>): DeepReadonly<AdvancedStatefulSet> | undefined {
    return this.#store?.byIndex(index, set.metadata.uid)[0]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#subscription?.[Symbol.dispose]()
    await this.#asking
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { client, clock, logger, changed } = this.#options
    while (!signal.aborted) {
      let waitMs = askAgainMs.absent
      try {
        const isServed = await servesKruise(client, signal)
        const isNews = isServed !== this.#isServed
        this.#isServed = isServed
        if (isServed) {
          this.#watch()
          return
        }
        if (isNews) changed()
      } catch (error) {
        if (signal.aborted) return
        logger.warn('whether OpenKruise is installed cannot be read', { error })
        waitMs = askAgainMs.failed
      }
      await clock.sleep(waitMs, signal).catch(() => undefined)
    }
  }

  #watch(): void {
    const { cache, changed, logger } = this.#options
    logger.info('OpenKruise is installed: the GameServerSets it runs are left alone')
    const store = cache.store(advancedStatefulSets, { indexes: { [index]: byControllerUid } })
    const tell = (workload: DeepReadonly<AdvancedStatefulSet>): void => {
      const owner = controllerOf(workload)
      if (owner !== undefined) changed(`${workload.metadata.namespace ?? ''}/${owner.name}`)
    }
    this.#store = store
    this.#subscription = store.subscribe({ added: tell, updated: tell, deleted: tell })
    store.whenSynced(this.#stop.signal).then(
      () => changed(),
      () => undefined,
    )
  }
}

/** Whether the server has OpenKruise's StatefulSet, by discovery. */
export async function servesKruise(client: Client, signal: AbortSignal): Promise<boolean> {
  const path = resourcePath(advancedStatefulSets).replace(/\/[^/]+$/, '')
  try {
    const { resources = [] } = (await client.raw(path, { signal })) as { resources?: readonly { name: string }[] }
    return resources.some(({ name }) => name === advancedStatefulSets.plural)
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
