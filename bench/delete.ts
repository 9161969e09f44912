import { setTimeout as sleep } from 'node:timers/promises'
import { gameServers } from '../src/apis/game.kruise.io/game-server.ts'
import { type Bench, round, timed } from './harness/bench.ts'
import { startCluster } from './harness/cluster.ts'
import { benchSet, createSet, deleteSet, isServerReady, networks, until } from './harness/game-server-set.ts'
import { writeCounts, writesPerServer } from './harness/request-counts.ts'

const count = 500
/** Long enough for legacy Endpoints to be written before and removed after. */
const settleMs = 4_000

export const deletion: Bench = {
  name: 'delete',
  about: `deletion of a set of ${count} simulated servers until no pod and no GameServer is left`,
  async run(report) {
    for (const [type, network] of Object.entries(networks)) {
      await using cluster = await startCluster()
      const { client } = cluster
      await createSet(client, benchSet(count, network))
      await until(client, gameServers, count, server => isServerReady(server, network))
      await sleep(settleMs)
      const counts = await writeCounts(client)
      const seconds = (await timed(() => deleteSet(client))) / 1000
      await sleep(settleMs)
      const { writes, byRequest } = writesPerServer(counts, await writeCounts(client), count)
      report({ network: type, servers: count, seconds: round(seconds), 'writes/server': writes, 'by request': byRequest })
    }
  },
}
