/** Rollouts of Fleets (`agones.dev`). */
import { annotations } from '../../apis/agones.dev/annotations.ts'
import { type Fleet, fleets } from '../../apis/agones.dev/fleet.ts'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { gameServerRole, labels } from '../../apis/agones.dev/labels.ts'
import { controllerrevisions, pods } from '../../apis/core/resources.generated.ts'
import type { ControllerRevision } from '../../apis/core/types.generated.ts'
import { revisionName, storedTemplate } from '../../families/agones/revision.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { isControlledBy } from '../../kube/owner-reference.ts'
import { equalJson } from '../../schema/json.ts'
import type { Connection } from '../connection.ts'
import type { CliContext } from '../context.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { fleetProgress } from './fleet-progress.ts'
import type { Operation } from './json-patch.ts'
import type { Rollout } from './rollout.ts'
import { watchStores } from './watch-stores.ts'

/** Throws ApiErrors. */
export async function openFleet({ signal }: CliContext, connection: Connection, name: string): Promise<Rollout> {
  const { client, namespace } = connection
  const ref = { namespace, name }
  const ofFleet = { namespace, labelSelector: `${labels.fleet}=${name}` }
  // Pods do not name their Fleet.
  const ofGames = { namespace, labelSelector: `${labels.role}=${gameServerRole}` }
  const opened = await client.get(fleets, ref, { signal })
  return {
    kind: 'Fleet',
    name,
    called: 'the Fleet',
    async progress() {
      const [fleet, servers, podList] = await Promise.all([
        client.get(fleets, ref, { signal }),
        client.list(gameServers, { ...ofFleet, signal }),
        client.list(pods, { ...ofGames, signal }),
      ])
      return fleetProgress({ fleet, servers: servers.items, pods: podList.items })
    },
    watch: tools =>
      watchStores(tools, connection, cache => {
        const fleetStore = cache.store(fleets, { namespace, fieldSelector: `metadata.name=${name}` })
        const serverStore = cache.store(gameServers, ofFleet)
        const podStore = cache.store(pods, ofGames)
        const look = () => {
          const fleet = fleetStore.get(`${namespace}/${name}`)
          return fleet && fleetProgress({ fleet, servers: serverStore.list(), pods: podStore.list() })
        }
        return { stores: [fleetStore, serverStore, podStore], look }
      }),
    async revisions() {
      const [{ items }, servers] = await Promise.all([
        client.list(controllerrevisions, { ...ofFleet, signal }),
        client.list(gameServers, { ...ofFleet, signal }),
      ])
      return items
        .filter(revision => isControlledBy(revision, opened))
        .toSorted((one, other) => other.revision - one.revision)
        .map(stored => {
          const template = storedTemplate(stored)
          const runs = servers.items.filter(
            ({ metadata }) => revisionName(name, metadata.labels?.[labels.revision] ?? '') === stored.metadata.name,
          )
          return { stored, template, containers: template?.spec.template.spec?.containers ?? [], servers: runs.length }
        })
    },
    async undoTo(revision, dryRun) {
      const patch = undoPatch(opened, revision)
      if (patch.length > 0) await client.patch(fleets, ref, patch, { type: 'json', dryRun, signal })
      return patch.length > 0
    },
    async setPaused(paused) {
      const patch = { metadata: { annotations: { [annotations.paused]: paused ? 'true' : null } } }
      await client.patch(fleets, ref, patch, { type: 'merge', signal })
    },
  }
}

/** Empty when the template is in force already. Fails at the server when the Fleet's spec has changed meanwhile. */
function undoPatch({ metadata, spec }: DeepReadonly<Fleet>, revision: DeepReadonly<ControllerRevision>): Operation[] {
  const template = storedTemplate(revision)
  if (template === undefined) throw new CliError(exitCode.failed, `the revision ${revision.metadata.name} holds no template`)
  if (equalJson(template, spec.template)) return []
  return [
    { op: 'test', path: '/metadata/generation', value: metadata.generation },
    { op: 'replace', path: '/spec/template', value: template },
  ]
}
