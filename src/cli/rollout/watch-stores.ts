import { Cache } from '../../kube/cache.ts'
import type { Connection } from '../connection.ts'
import type { WatchTools } from './rollout.ts'

/** Gathers changes that come together. */
const settleMs = 100

interface Watched {
  subscribe(handlers: { added(): void; updated(): void; deleted(): void }): Disposable
}

/**
 * What `open` makes of some stores, now and whenever one of them changes. Watches, so that waiting costs the server nothing. Ends with
 * the signal.
 */
export async function* watchStores<T>(
  { clock, signal }: WatchTools,
  { client }: Pick<Connection, 'client'>,
  open: (cache: Cache) => { readonly stores: readonly Watched[]; readonly look: () => T },
): AsyncIterable<T> {
  await using cache = new Cache({ client, clock })
  const { stores, look } = open(cache)
  await cache.whenSynced(signal)
  let changed = Promise.withResolvers<void>()
  const onChange = (): void => changed.resolve()
  using subscriptions = new DisposableStack()
  for (const store of stores) subscriptions.use(store.subscribe({ added: onChange, updated: onChange, deleted: onChange }))
  signal.addEventListener('abort', onChange, { once: true })
  while (!signal.aborted) {
    changed = Promise.withResolvers()
    yield look()
    await changed.promise
    await clock.sleep(settleMs, signal)
  }
}
