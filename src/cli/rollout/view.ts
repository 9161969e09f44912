import { controllerrevisions, pods } from '../../apis/core/resources.generated.ts'
import type { ControllerRevision } from '../../apis/core/types.generated.ts'
import { gameServerSets, type GameServerSet } from '../../apis/game.kruise.io/game-server-set.ts'
import { gameServers } from '../../apis/game.kruise.io/game-server.ts'
import { labels } from '../../apis/game.kruise.io/labels.ts'
import { isNotFound } from '../../kube/api-error.ts'
import { Cache } from '../../kube/cache.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { Connection } from '../connection.ts'
import type { CliContext } from '../context.ts'
import { CliError, exitCode } from '../exit-code.ts'
import type { RolloutView } from './progress.ts'

/** Plain names; `gss/x` is understood as well. */
export async function readSet(
  { signal }: Pick<CliContext, 'signal'>,
  { client, namespace }: Connection,
  asked: string,
): Promise<DeepReadonly<GameServerSet>> {
  const name = asked.slice(asked.lastIndexOf('/') + 1)
  try {
    return await client.get(gameServerSets, { namespace, name }, { signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
    throw new CliError(exitCode.notFound, `there is no game server set ${name} in namespace ${namespace}`, { cause: error })
  }
}

/** Everything that tells how far the set is. */
export async function readView(context: Pick<CliContext, 'signal'>, connection: Connection, name: string): Promise<RolloutView> {
  const { client, namespace } = connection
  const set = await readSet(context, connection, name)
  const options = { namespace, labelSelector: `${labels.ownerSet}=${set.metadata.name}`, signal: context.signal }
  const [podList, serverList, revisions] = await Promise.all([
    client.list(pods, options),
    client.list(gameServers, options),
    readRevisions(context, connection, set),
  ])
  return { set, pods: podList.items, gameServers: serverList.items, revisions }
}

/** The revisions of a set, newest first. Those of Kruise carry its StatefulSet of the same name as owner. */
export async function readRevisions(
  { signal }: Pick<CliContext, 'signal'>,
  { client, namespace }: Connection,
  { metadata }: DeepReadonly<GameServerSet>,
): Promise<DeepReadonly<ControllerRevision>[]> {
  const { items } = await client.list(controllerrevisions, { namespace, signal })
  return revisionsOf(metadata, items)
}

function revisionsOf(
  metadata: DeepReadonly<GameServerSet>['metadata'],
  all: readonly DeepReadonly<ControllerRevision>[],
): DeepReadonly<ControllerRevision>[] {
  return all
    .filter(
      ({ metadata: { labels: own, ownerReferences = [] } }) =>
        own?.[labels.ownerSet] === metadata.name || ownerReferences.some(({ uid }) => uid === metadata.uid),
    )
    .filter(
      ({ metadata: { ownerReferences = [] } }) =>
        !ownerReferences.some(({ kind, uid }) => kind === 'GameServerSet' && uid !== metadata.uid),
    )
    .toSorted((one, other) => other.revision - one.revision)
}

/** Gathers changes that come together. */
const settleMs = 100

/**
 * The view now and whenever it changes; `undefined` when the set has been deleted. Watches, so that waiting costs the server
 * nothing. Ends with the signal.
 */
export async function* watchView(
  { clock, signal }: Pick<CliContext, 'clock' | 'signal'>,
  { client, namespace }: Connection,
  name: string,
): AsyncIterable<RolloutView | undefined> {
  await using cache = new Cache({ client, clock })
  const ofSet = { namespace, labelSelector: `${labels.ownerSet}=${name}` }
  const sets = cache.store(gameServerSets, { namespace, fieldSelector: `metadata.name=${name}` })
  const podStore = cache.store(pods, ofSet)
  const serverStore = cache.store(gameServers, ofSet)
  const revisionStore = cache.store(controllerrevisions, { namespace })
  await cache.whenSynced(signal)
  let changed = Promise.withResolvers<void>()
  const onChange = (): void => changed.resolve()
  const handlers = { added: onChange, updated: onChange, deleted: onChange }
  using _sets = sets.subscribe(handlers)
  using _pods = podStore.subscribe(handlers)
  using _servers = serverStore.subscribe(handlers)
  using _revisions = revisionStore.subscribe(handlers)
  signal.addEventListener('abort', onChange, { once: true })
  while (!signal.aborted) {
    changed = Promise.withResolvers()
    const set = sets.get(`${namespace}/${name}`)
    yield set && { set, pods: podStore.list(), gameServers: serverStore.list(), revisions: revisionsOf(set.metadata, revisionStore.list()) }
    await changed.promise
    await clock.sleep(settleMs, signal)
  }
}
