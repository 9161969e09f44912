import { setTimeout as sleep } from 'node:timers/promises'
import { gameServerSets } from '../src/apis/game.kruise.io/game-server-set.ts'
import { pods } from '../src/apis/core/resources.generated.ts'
import { isNotFound } from '../src/kube/api-error.ts'
import type { Client } from '../src/kube/client.ts'
import { type Bench, median } from './harness/bench.ts'
import { startCluster } from './harness/cluster.ts'
import { benchSet, name, namespace } from './harness/game-server-set.ts'
import { type ReplicaProcess, startReplica } from './harness/replica.ts'

const rounds = 10

export const takeover: Bench = {
  name: 'takeover',
  about: `two replicas; from the signal to the leader until a server that was asked for in that moment has its pod, ${rounds} times`,
  async run(report) {
    await using cluster = await startCluster({ args: ['--simulate', '--nodes', '1', '--no-controllers'] })
    const { client, kubeconfig } = cluster
    for (const [what, signal] of [
      ['killed (SIGKILL)', 'SIGKILL'],
      ['told to stop (SIGTERM)', 'SIGTERM'],
    ] as const) {
      await using parts = new AsyncDisposableStack()
      const begin = (): ReplicaProcess => parts.use(startReplica(kubeconfig, { leaseNamespace: namespace }))
      let leader = begin()
      await leader.atWork
      await client.create(gameServerSets, benchSet(1, undefined))
      await created(client, 0)
      const times: number[] = []
      for (let round = 1; round <= rounds; round += 1) {
        const candidate = begin()
        // Long enough to have seen who leads and to have filled its stores.
        await sleep(5000)
        const since = performance.now()
        const ended = leader.end(signal)
        await client.patch(gameServerSets, { namespace, name }, { spec: { replicas: round + 1 } }, { type: 'merge' })
        await created(client, round)
        times.push(performance.now() - since)
        await ended
        leader = candidate
      }
      await client.delete(gameServerSets, { namespace, name })
      while ((await client.list(pods, { namespace })).items.length > 0) await sleep(50)
      report({ what, times: rounds, 'median ms': Math.round(median(times)), 'slowest ms': Math.round(Math.max(...times)) })
    }
  },
}

async function created(client: Client, id: number): Promise<void> {
  for (;;) {
    try {
      await client.get(pods, { namespace, name: `${name}-${id}` })
      return
    } catch (error) {
      if (!isNotFound(error)) throw error
      await sleep(10)
    }
  }
}
