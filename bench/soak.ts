import { setTimeout as sleep } from 'node:timers/promises'
import { type GameServerSet, gameServerSets } from '../src/apis/game.kruise.io/game-server-set.ts'
import { gameServers } from '../src/apis/game.kruise.io/game-server.ts'
import { labels } from '../src/apis/game.kruise.io/labels.ts'
import { namespaces, pods } from '../src/apis/core/resources.generated.ts'
import type { Client } from '../src/kube/client.ts'
import { loadKubeconfig } from '../src/kube/kubeconfig.ts'
import type { New } from '../src/kube/object.ts'
import { Reflector } from '../src/kube/reflector.ts'
import { RestClient } from '../src/kube/rest-client.ts'
import { UndiciTransport } from '../src/kube/undici-transport.ts'
import { type Bench, median, type Row, round } from './harness/bench.ts'
import { startCluster } from './harness/cluster.ts'
import { networks } from './harness/game-server-set.ts'
import { type ReplicaProcess, startReplica } from './harness/replica.ts'

const minutes = Number(process.env['BERTH_SOAK_MINUTES'] ?? 30)
const servers = Number(process.env['BERTH_SOAK_SERVERS'] ?? 2000)
/** A real API server with fake nodes; an embedded cluster of its own when absent. */
const given = process.env['BERTH_SOAK_KUBECONFIG']

const sampleMs = 5000
/** One a minute is shown while it runs. */
const samplesPerReport = 12
const setCount = 20
const perSet = servers / setCount
const ofAll = { labelSelector: labels.ownerSet }

export const soak: Bench = {
  name: 'soak',
  about: `${minutes} minutes of random scaling and updating with ${servers} fake servers in ${setCount} sets; two replicas, of which one leads`,
  async run(report) {
    await using parts = new AsyncDisposableStack()
    const kubeconfig = given ?? parts.use(await startCluster({ args: ['--simulate', '--nodes', '20', '--no-controllers'] })).kubeconfig
    const transport = new UndiciTransport(await loadKubeconfig({ files: [kubeconfig], env: {} }))
    const client = parts.use(new RestClient({ transport, userAgent: 'berth-bench', fieldManager: 'bench' }))
    const namespace = `soak-${process.pid}`
    await client.create(namespaces, { metadata: { name: namespace } })
    const leader = parts.use(startReplica(kubeconfig, { leaseNamespace: namespace }))
    await leader.atWork
    const candidate = parts.use(startReplica(kubeconfig, { leaseNamespace: namespace }))
    const made = await play(client, namespace, { leader, candidate }, report)
    report(made)
    await client.delete(namespaces, { name: namespace })
  },
}

interface Sample {
  readonly minute: number
  readonly leaderMB: number
  readonly candidateMB: number
}

async function play(
  client: Client,
  namespace: string,
  { leader, candidate }: { leader: ReplicaProcess; candidate: ReplicaProcess },
  report: (row: Row) => void,
): Promise<Row> {
  const wanted = new Map<string, number>()
  for (let index = 0; index < setCount; index += 1) {
    const name = `soak-${index}`
    wanted.set(name, perSet)
    const network = index % 4 === 3 ? networks['Kubernetes-NodePort'] : undefined
    await client.create(gameServerSets, soakSet(namespace, name, network))
  }
  await using sets = new Reflector<GameServerSet>({ client, type: gameServerSets, namespace })
  sets.start()
  const settled = async (): Promise<number> => {
    const began = performance.now()
    const isSettled = (): boolean =>
      [...wanted].every(([name, replicas]) => {
        const set = sets.store.get(`${namespace}/${name}`)
        const { readyReplicas = 0, updatedReadyReplicas = 0 } = set?.status ?? {}
        return set?.spec?.replicas === replicas && readyReplicas === replicas && updatedReadyReplicas === replicas
      })
    while (!isSettled()) {
      if (performance.now() - began > 180_000) throw new Error(`not settled: ${JSON.stringify([...wanted])}`)
      await sleep(200)
    }
    return performance.now() - began
  }
  await settled()

  const samples: Sample[] = []
  const began = performance.now()
  const minuteOf = (): number => (performance.now() - began) / 60_000
  const stop = new AbortController()
  const sampling = (async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const sample = { minute: round(minuteOf()), leaderMB: round(leader.rssMB, 1), candidateMB: round(candidate.rssMB, 1) }
      samples.push(sample)
      if (samples.length % samplesPerReport === 0) console.error(JSON.stringify(sample))
      await sleep(sampleMs, undefined, { signal: stop.signal }).catch(() => {})
    }
  })()
  const counts = { scaled: 0, updated: 0, deletedPods: 0, slowestMs: 0 }
  let version = 1
  while (minuteOf() < minutes) {
    const [name] = [...wanted.keys()].toSorted(() => Math.random() - 0.5)
    if (name === undefined) break
    const ref = { namespace, name }
    const dice = Math.random()
    if (dice < 0.5) {
      // What one set gains another loses, so that there are always as many.
      const other = [...wanted.keys()].find(candidateName => candidateName !== name && Math.random() < 0.3) ?? name
      const by = Math.floor(Math.random() * 30)
      if (other === name || (wanted.get(other) ?? 0) < by + 10) continue
      for (const [which, change] of [[name, by] as const, [other, -by] as const]) {
        const replicas = (wanted.get(which) ?? 0) + change
        wanted.set(which, replicas)
        await client.patch(gameServerSets, { namespace, name: which }, { spec: { replicas } }, { type: 'merge' })
      }
      counts.scaled += 2
    } else if (dice < 0.8) {
      version += 1
      const containers = containersOf(version)
      await client.patch(gameServerSets, ref, { spec: { gameServerTemplate: { spec: { containers } } } }, { type: 'merge' })
      counts.updated += 1
    } else {
      const id = Math.floor(Math.random() * (wanted.get(name) ?? 1))
      await client.delete(pods, { namespace, name: `${name}-${id}` }).catch(() => {})
      counts.deletedPods += 1
    }
    await sleep(500 + Math.random() * 2500)
    if (Math.random() < 0.1) counts.slowestMs = Math.max(counts.slowestMs, await settled())
  }
  await settled()
  stop.abort()
  await sampling
  const [pod, server] = [await client.list(pods, { namespace, ...ofAll }), await client.list(gameServers, { namespace })]
  for (const [what, messages] of Object.entries({
    'warning, leader': leader.warnings,
    'error, leader': leader.errors,
    'warning, candidate': candidate.warnings,
    'error, candidate': candidate.errors,
  }))
    for (const [message, times] of messages) report({ [what]: message, times })
  return {
    minutes,
    servers: pod.items.length,
    GameServers: server.items.length,
    scalings: counts.scaled,
    'image changes': counts.updated,
    'deleted pods': counts.deletedPods,
    'slowest to settle s': round(counts.slowestMs / 1000, 1),
    ...growth('leader', samples, ({ leaderMB }) => leaderMB),
    ...growth('candidate', samples, ({ candidateMB }) => candidateMB),
    warnings: total(leader.warnings) + total(candidate.warnings),
    errors: total(leader.errors) + total(candidate.errors),
  }
}

const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, count) => sum + count, 0)

/** RSS at the middle and at the end, each as the median of a tenth of the time, and how much the second is above the first. */
function growth(who: string, samples: readonly Sample[], of: (sample: Sample) => number): Row {
  const between = (from: number, to: number): number =>
    median(samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)).map(of))
  const [middle, end] = [between(0.5, 0.6), between(0.9, 1)]
  return {
    [`${who} MB, first tenth`]: between(0, 0.1),
    [`${who} MB, middle`]: middle,
    [`${who} MB, end`]: end,
    [`${who} MB, peak`]: Math.max(...samples.map(of)),
    [`${who} growth, second half %`]: round((end / middle - 1) * 100, 1),
  }
}

const containersOf = (version: number): object[] => [
  { name: 'game', image: 'registry.example.com/bench/game:v1', resources: { requests: { cpu: '20m', memory: '32Mi' } } },
  { name: 'sidecar', image: `registry.example.com/bench/sidecar:v${version}` },
]

function soakSet(namespace: string, name: string, network: object | undefined): New<GameServerSet> {
  return {
    metadata: { name, namespace },
    spec: {
      replicas: perSet,
      gameServerTemplate: {
        metadata: { labels: { app: name } },
        spec: { containers: containersOf(1), terminationGracePeriodSeconds: 1 },
      },
      updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '100%' } },
      ...(network === undefined ? {} : { network }),
    },
  } as unknown as New<GameServerSet>
}
