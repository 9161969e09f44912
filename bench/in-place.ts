import { setTimeout as sleep } from 'node:timers/promises'
import { pods } from '../src/apis/core/resources.generated.ts'
import { gameServers } from '../src/apis/game.kruise.io/game-server.ts'
import { gameServerSets } from '../src/apis/game.kruise.io/game-server-set.ts'
import { type Bench, round } from './harness/bench.ts'
import { startCluster } from './harness/cluster.ts'
import { benchSet, containers, createSet, isServerReady, name, namespace, networks, until } from './harness/game-server-set.ts'
import { writeCounts, writesPerServer } from './harness/request-counts.ts'

const count = 500
/** Until late writes of the creation (legacy Endpoints) are over. */
const settleMs = 4_000

export const inPlace: Bench = {
  name: 'in-place',
  about: `a new sidecar image for ${count} simulated servers at once, patch to all Ready on it`,
  async run(report) {
    for (const type of ['None', 'Volcengine-CLB']) {
      const network = networks[type]
      await using cluster = await startCluster()
      const { client } = cluster
      await createSet(client, benchSet(count, network, 'registry.example.com/bench/sidecar:v1'))
      await until(client, gameServers, count, server => isServerReady(server, network))
      await sleep(settleMs)
      const counts = await writeCounts(client)
      const image = 'registry.example.com/bench/sidecar:v2'
      const spec = { gameServerTemplate: { spec: { containers: [...containers, { name: 'sidecar', image }] } } }
      const begun = performance.now()
      const done = until(
        client,
        pods,
        count,
        ({ status }) =>
          status?.containerStatuses?.find(container => container.name === 'sidecar')?.image === image &&
          status.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') === true,
      )
      await client.patch(gameServerSets, { namespace, name }, { spec }, { type: 'merge' })
      await done
      await until(client, gameServers, count, server => isServerReady(server, network))
      const seconds = (performance.now() - begun) / 1000
      const { writes, events, byRequest } = writesPerServer(counts, await writeCounts(client), count)
      report({
        network: type,
        servers: count,
        seconds: round(seconds),
        'servers/s': Math.round(count / seconds),
        'writes/server': writes,
        'events/server': events,
        'by request': byRequest,
      })
    }
  },
}
