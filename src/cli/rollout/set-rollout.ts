/** Rollouts of GameServerSets (`game.kruise.io`). */
import { isDeepStrictEqual } from 'node:util'
import { controllerrevisions, pods } from '../../apis/core/resources.generated.ts'
import type { ControllerRevision, PodTemplateSpec } from '../../apis/core/types.generated.ts'
import { annotations } from '../../apis/game.kruise.io/annotations.ts'
import { gameServerSets, type GameServerSet } from '../../apis/game.kruise.io/game-server-set.ts'
import { gameServers } from '../../apis/game.kruise.io/game-server.ts'
import { labels } from '../../apis/game.kruise.io/labels.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { Connection } from '../connection.ts'
import type { CliContext } from '../context.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'
import type { Operation } from './json-patch.ts'
import { rolloutProgress } from './progress.ts'
import type { Rollout } from './rollout.ts'
import { watchStores } from './watch-stores.ts'

/** Throws ApiErrors. */
export async function openSet({ signal }: CliContext, connection: Connection, name: string): Promise<Rollout> {
  const { client, namespace } = connection
  const ref = { namespace, name }
  const ofSet = { namespace, labelSelector: `${labels.ownerSet}=${name}` }
  const opened = await client.get(gameServerSets, ref, { signal })
  const readRevisions = async (set: DeepReadonly<GameServerSet>) =>
    revisionsOf(set.metadata, (await client.list(controllerrevisions, { namespace, signal })).items)
  return {
    kind: 'GameServerSet',
    name,
    called: 'the game server set',
    async progress() {
      const set = await client.get(gameServerSets, ref, { signal })
      const [podList, serverList, revisions] = await Promise.all([
        client.list(pods, { ...ofSet, signal }),
        client.list(gameServers, { ...ofSet, signal }),
        readRevisions(set),
      ])
      return rolloutProgress({ set, pods: podList.items, gameServers: serverList.items, revisions })
    },
    watch: tools =>
      watchStores(tools, connection, cache => {
        const sets = cache.store(gameServerSets, { namespace, fieldSelector: `metadata.name=${name}` })
        const podStore = cache.store(pods, ofSet)
        const serverStore = cache.store(gameServers, ofSet)
        const revisionStore = cache.store(controllerrevisions, { namespace })
        const look = () => {
          const set = sets.get(`${namespace}/${name}`)
          if (set === undefined) return undefined
          const revisions = revisionsOf(set.metadata, revisionStore.list())
          return rolloutProgress({ set, pods: podStore.list(), gameServers: serverStore.list(), revisions })
        }
        return { stores: [sets, podStore, serverStore, revisionStore], look }
      }),
    async revisions() {
      const [revisions, running] = await Promise.all([readRevisions(opened), client.list(pods, { ...ofSet, signal })])
      return revisions.map(stored => {
        const template = templateOf(stored)
        const servers = running.items.filter(({ metadata }) => metadata.labels?.[labels.revision] === stored.metadata.name).length
        return { stored, template, containers: template?.spec?.containers ?? [], servers }
      })
    },
    async undoTo(revision, dryRun) {
      const patch = undoPatch(opened, revision)
      if (patch.length > 0) await client.patch(gameServerSets, ref, patch, { type: 'json', dryRun, signal })
      return patch.length > 0
    },
    async setPaused(paused) {
      const { type, rollingUpdate } = opened.spec.updateStrategy ?? {}
      // Setting rollingUpdate would silently turn OnDelete into RollingUpdate.
      if (type === 'OnDelete' && rollingUpdate === undefined)
        throw usageError(`${name} updates OnDelete: there is nothing to ${paused ? 'pause' : 'resume'}`)
      const patch = { spec: { updateStrategy: { rollingUpdate: { paused } } } }
      await client.patch(gameServerSets, ref, patch, { type: 'merge', signal })
    },
  }
}

/** The revisions of a set, newest first. Those of Kruise carry its StatefulSet of the same name as owner. */
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

function templateOf({ data }: DeepReadonly<ControllerRevision>): DeepReadonly<PodTemplateSpec> | undefined {
  const template = (data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined)?.spec?.template
  if (template === undefined) return undefined
  const { $patch: _marker, ...rest } = template
  return rest
}

/**
 * What brings the stored template back: the pod's spec, its labels and annotations, and the network parameters that were in
 * force with it. Empty when they are in force already. Fails at the server when the set's spec has changed meanwhile.
 */
function undoPatch(set: DeepReadonly<GameServerSet>, revision: DeepReadonly<ControllerRevision>): Operation[] {
  const stored = templateOf(revision)
  if (stored?.spec === undefined) throw new CliError(exitCode.failed, `the revision ${revision.metadata.name} holds no template`)
  const current = set.spec.gameServerTemplate
  const { [annotations.networkType]: networkType, [annotations.networkConf]: networkConf, ...own } = stored.metadata?.annotations ?? {}
  const metadata = withoutEmpty({ ...stored.metadata, annotations: own })
  const operations: Operation[] = []
  if (!isDeepStrictEqual(stored.spec, current.spec))
    operations.push({ op: 'replace', path: '/spec/gameServerTemplate/spec', value: stored.spec })
  if (!isDeepStrictEqual(metadata, withoutEmpty({ ...current.metadata }))) {
    const path = '/spec/gameServerTemplate/metadata'
    operations.push(Object.keys(metadata).length === 0 ? { op: 'remove', path } : { op: 'add', path, value: metadata })
  }
  if (networkConf !== undefined && set.spec.network?.networkType === networkType) {
    const parameters = (JSON.parse(networkConf) as NonNullable<GameServerSet['spec']['network']>['networkConf'] | null) ?? []
    if (!isDeepStrictEqual(parameters, set.spec.network?.networkConf ?? []))
      operations.push({ op: 'add', path: '/spec/network/networkConf', value: parameters })
  }
  if (operations.length > 0 && set.metadata.generation !== undefined) {
    operations.unshift({ op: 'test', path: '/metadata/generation', value: set.metadata.generation })
  }
  return operations
}

function withoutEmpty(metadata: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata).filter(
      ([, value]) => value !== undefined && value !== null && !(typeof value === 'object' && Object.keys(value).length === 0),
    ),
  )
}
