import { setTimeout as sleep } from 'node:timers/promises'
import { deployments, pods } from '../src/apis/core/resources.generated.ts'
import type { Deployment } from '../src/apis/core/types.generated.ts'
import { gameServers } from '../src/apis/game.kruise.io/game-server.ts'
import type { New } from '../src/kube/object.ts'
import { type Bench, round } from './harness/bench.ts'
import { type BenchCluster, startCluster } from './harness/cluster.ts'
import { benchSet, containers, createSet, isServerReady, name, namespace, networks, until } from './harness/game-server-set.ts'
import { resetPeak, usageOf } from './harness/process-usage.ts'
import { writeCounts, writesPerServer } from './harness/request-counts.ts'

/** Late writes (legacy Endpoints, event counts) belong to the servers as well. */
const afterwardsMs = 4_000

export const servers: Bench = {
  name: 'servers',
  about: 'simulated servers, create to all Ready; the same pods as a Deployment are the limit',
  async run(report) {
    for (const count of [500, 2000]) {
      const limit = await measure(count, cluster => deploy(cluster, count))
      report({ what: 'Deployment', servers: count, ...limit.row })
      for (const [type, network] of Object.entries(networks)) {
        const { row, rate } = await measure(count, async ({ client }) => {
          const done = until(client, gameServers, count, server => isServerReady(server, network))
          await createSet(client, benchSet(count, network))
          await done
        })
        report({ what: type, servers: count, ...row, 'of Deployment': round(rate / limit.rate) })
      }
    }
  },
}

async function measure(count: number, work: (cluster: BenchCluster) => Promise<void>) {
  await using cluster = await startCluster()
  const { client, pid } = cluster
  const counts = await writeCounts(client)
  resetPeak(pid)
  const { cpuSeconds } = usageOf(pid)
  const begun = performance.now()
  await work(cluster)
  const seconds = (performance.now() - begun) / 1000
  const used = usageOf(pid)
  await sleep(afterwardsMs)
  const { writes, events, byRequest } = writesPerServer(counts, await writeCounts(client), count)
  const rate = count / seconds
  const row = {
    'servers/s': Math.round(rate),
    seconds: round(seconds),
    'writes/server': writes,
    'events/server': events,
    'CPU ms/server': round(((used.cpuSeconds - cpuSeconds) * 1000) / count),
    'peak RSS MB': Math.round(usageOf(pid).peakMB),
    'by request': byRequest,
  }
  return { rate, row }
}

async function deploy({ client }: BenchCluster, replicas: number): Promise<void> {
  const ready = until(
    client,
    pods,
    replicas,
    pod => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true,
    { namespace, labelSelector: `app=${name}` },
  )
  const deployment = {
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers, terminationGracePeriodSeconds: 1 } },
    },
  } as unknown as New<Deployment>
  await client.create(deployments, deployment)
  await ready
}
