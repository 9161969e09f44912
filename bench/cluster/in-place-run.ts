import { setTimeout as sleep } from 'node:timers/promises'
import { pods } from '../../src/apis/core/resources.generated.ts'
import type { Pod } from '../../src/apis/core/types.generated.ts'
import { gameServers } from '../../src/apis/game.kruise.io/game-server.ts'
import { gameServerSets } from '../../src/apis/game.kruise.io/game-server-set.ts'
import type { Client } from '../../src/kube/client.ts'
import type { DeepReadonly } from '../../src/kube/object.ts'
import { type Row, round } from '../harness/bench.ts'
import { isServerReady, name, namespace, until } from '../harness/game-server-set.ts'
import { gameServerSetOf, servers } from './workloads.ts'

const settleMs = 3_000

/** A game that ends at once when it is told to, as in the peers' measurement. */
const game = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done']

/** Real pods, a new image in place for all at once: from the patch until pods, and GameServers, are Ready on it. */
export async function measureInPlace(client: Client, images: readonly [string, string], count: number, command = game): Promise<Row> {
  const [before, after] = images
  const workload = servers('None', { image: before, command })
  const creating = performance.now()
  await workload.create(client, count)
  const created = (performance.now() - creating) / 1000
  await sleep(settleMs)
  const uids = new Set((await podsOf(client)).map(({ metadata }) => metadata.uid))

  const runsNew = ({ status }: DeepReadonly<Pod>): boolean =>
    status?.containerStatuses?.every(container => container.image.includes(after) && container.ready) === true
  const begun = performance.now()
  const sinceBegun = async (done: Promise<unknown>): Promise<number> => {
    await done
    return (performance.now() - begun) / 1000
  }
  const podsReady = sinceBegun(until(client, pods, count, one => runsNew(one) && one.status?.conditions?.some(isTrueReady) === true))
  const serversReady = sinceBegun(
    until(client, gameServers, count, server => isServerReady(server, undefined) && runsNew({ status: server.status?.podStatus } as Pod)),
  )
  const { spec } = gameServerSetOf({ image: after, command }, 'None', count)
  await client.patch(gameServerSets, { namespace, name }, { spec: { gameServerTemplate: spec.gameServerTemplate } }, { type: 'merge' })
  const [podSeconds, serverSeconds] = await Promise.all([podsReady, serversReady])
  const now = await podsOf(client)
  const row = {
    servers: count,
    'create to Ready s': round(created),
    'new image, pods Ready s': round(podSeconds),
    'new image, GameServers Ready s': round(serverSeconds),
    'same pods': now.filter(({ metadata }) => uids.has(metadata.uid)).length,
    restarts: now.reduce((sum, { status }) => sum + (status?.containerStatuses?.[0]?.restartCount ?? 0), 0),
  }
  await workload.remove(client)
  return row
}

const isTrueReady = ({ type, status }: { readonly type: string; readonly status: string }): boolean => type === 'Ready' && status === 'True'

const podsOf = async (client: Client): Promise<readonly DeepReadonly<Pod>[]> =>
  (await client.list(pods, { namespace, labelSelector: `app=${name}` })).items
