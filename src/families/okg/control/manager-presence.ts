import { deployments, leases } from '../../../apis/core/resources.generated.ts'
import type { Deployment, Lease } from '../../../apis/core/types.generated.ts'
import { original } from '../../../apis/game.kruise.io/original.ts'
import type { Cache } from '../../../kube/cache.ts'
import type { Client } from '../../../kube/client.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Store } from '../../../kube/store.ts'
import type { ManagerState } from './decide.ts'

const named = (name: string) => ({ fieldSelector: `metadata.name=${name}` })

/** How long a Lease counts that does not say it itself. */
const defaultLeaseSeconds = 15

/** A manager that is meant to run counts, even if none of its pods is up at the moment. */
export function isMeantToRun({ spec }: DeepReadonly<Deployment>): boolean {
  return (spec?.replicas ?? 1) > 0
}

/** Whether OpenKruiseGame's manager is meant to run, in any namespace: one look, at its Deployment. */
export async function isManagerDeployed(client: Client, signal: AbortSignal): Promise<boolean> {
  const { items } = await client.list(deployments, { ...named(original.deployment), signal })
  return items.some(isMeantToRun)
}

/**
 * Whether OpenKruiseGame's manager is there: by its Deployment, which need not be up, or by its Lease, which somebody renews. Both are
 * watched by name, so the right to read needs no more than these names.
 */
export class ManagerPresence implements Disposable {
  readonly #clock: Clock
  readonly #deployments: Store<Deployment>
  readonly #leases: Store<Lease>
  readonly #changed: () => void
  #subscriptions: readonly Disposable[] = []
  /** Until when each Lease counts, by uid; by the clock of this process, from when it was seen to change. */
  readonly #held = new Map<string, number>()
  #timer: Disposable | undefined
  #last: ManagerState = 'unknown'

  /** `changed` is called when the state is another than before. */
  constructor({ cache, clock, changed }: { readonly cache: Cache; readonly clock: Clock; readonly changed: () => void }) {
    this.#clock = clock
    this.#changed = changed
    this.#deployments = cache.store(deployments, { ...named(original.deployment), everywhere: true })
    this.#leases = cache.store(leases, { ...named(original.lease), everywhere: true })
  }

  /** Begins to call back. */
  start(): void {
    const look = (): void => this.#look()
    const renewed = (lease: DeepReadonly<Lease>): void => this.#renewed(lease)
    this.#subscriptions = [
      this.#deployments.subscribe({ added: look, updated: look, deleted: look }),
      this.#leases.subscribe({ added: renewed, updated: renewed, deleted: look }),
    ]
    for (const store of [this.#deployments, this.#leases]) void store.whenSynced().then(look)
  }

  get state(): ManagerState {
    if (this.#deployments.list().some(isMeantToRun)) return 'alive'
    const now = this.#clock.now()
    if (this.#leases.list().some(({ metadata }) => now < (this.#held.get(metadata.uid) ?? 0))) return 'alive'
    return this.#deployments.hasSynced && this.#leases.hasSynced ? 'absent' : 'unknown'
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]()
    this.#timer?.[Symbol.dispose]()
  }

  #renewed({ metadata: { uid }, spec }: DeepReadonly<Lease>): void {
    if ((spec?.holderIdentity ?? '') === '') this.#held.delete(uid)
    else {
      const ms = (spec?.leaseDurationSeconds ?? defaultLeaseSeconds) * 1000
      this.#held.set(uid, this.#clock.now() + ms)
      this.#timer?.[Symbol.dispose]()
      this.#timer = this.#clock.after(ms, () => this.#look())
    }
    this.#look()
  }

  #look(): void {
    const { state } = this
    if (state === this.#last) return
    this.#last = state
    this.#changed()
  }
}
