import { availableParallelism, loadavg, release } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Row, round } from '../harness/bench.ts'
import { type ReplicaProcess, startReplica } from '../harness/replica.ts'
import { requestCounts } from '../harness/request-counts.ts'
import { table } from '../harness/table.ts'
import { measureWithDriver } from './driver-run.ts'
import { measureInPlace } from './in-place-run.ts'
import { listsBetween, watchRelists } from './lists.ts'
import { measureMemory } from './memory-run.ts'
import { type ClusterBenchOptions, parseOptions, usage } from './options.ts'
import { measureReady } from './ready-run.ts'
import { openTarget, type Target } from './target.ts'
import { deployment, servers } from './workloads.ts'

/** Until the lists of a start, and what the cluster's own controllers do about new kinds, are over. */
const startSettleMs = 3_000
const realPods = 10

type Report = (row: Row) => void

/** `npm run bench cluster`: Berth's controllers, as a process of the host, on a real API server. */
export async function benchCluster(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return console.log(usage)
  const options = parseOptions(args)
  console.error(JSON.stringify({ cores: availableParallelism(), kernel: release(), node: process.version, load: loadavg() }))
  if (options.servers.length > 0 || options.memory.length > 0) {
    await using target = await openTarget(options.kubeconfig)
    await section('cluster: create to all Ready on fake nodes, and the same pods as a Deployment', report => ready(target, options, report))
    await section('cluster: memory', async report => {
      for (const count of options.memory) report(await measureMemory(target.client, target.kubeconfig, options.nodeArguments, count))
    })
  }
  if (options.realKubeconfig === undefined) return
  await using target = await openTarget(options.realKubeconfig)
  await using berth = startReplica(target.kubeconfig, options)
  await berth.atWork
  await section(`cluster: a new image in place for ${realPods} real pods`, async report => {
    for (let run = 1; run <= options.runs; run += 1) report({ run, ...(await measureInPlace(target.client, options.realImages, realPods)) })
  })
}

/** Rows come out one by one, so that a failure keeps what was measured before it. */
async function section(title: string, work: (report: Report) => Promise<void>): Promise<void> {
  const rows: Row[] = []
  await work(row => {
    rows.push(row)
    console.error(JSON.stringify(row))
  }).finally(() => console.log(`\n### ${title}\n\n${table(rows)}\n`))
}

async function ready(target: Target, options: ClusterBenchOptions, report: Report): Promise<void> {
  const { client, kubeconfig } = target
  if (options.servers.length === 0) return
  // The first start makes the kinds, which the cluster's own controllers then list as well.
  {
    await using first = startReplica(kubeconfig, options)
    await first.atWork
  }
  await sleep(startSettleMs)
  const before = await requestCounts(client)
  await using berth = startReplica(kubeconfig, options)
  await berth.atWork
  await sleep(startSettleMs)
  const start = listsBetween(before, await requestCounts(client))
  const relists = await watchRelists(client)
  for (const count of options.servers) {
    for (let run = 1; run <= options.runs; run += 1) await compare(target, options, berth, { servers: count, run }, report)
  }
  console.log(`\nLists at start: ${start.byKind}. Lists afterwards of the kinds that only Berth lists: ${await relists()}.`)
  for (const [text, times] of [...berth.warnings, ...berth.errors]) console.error(`${times} times: ${text}`)
}

/** The Deployment, then the sets, in one go: what else the host does concerns them all. */
async function compare(
  { client, kubeconfig, apiServer }: Target,
  { networks, driver }: ClusterBenchOptions,
  { pid }: ReplicaProcess,
  key: { readonly servers: number; readonly run: number },
  report: Report,
): Promise<void> {
  const limit = await measureReady(client, { apiServer, berth: undefined }, deployment, key.servers)
  report({ what: deployment.what, ...key, load: load(), ...limit.row })
  const processes = { apiServer, berth: pid }
  for (const network of networks) {
    const { row, rate } = await measureReady(client, processes, servers(network), key.servers)
    report({ what: network, ...key, load: load(), 'of Deployment': round(rate / limit.rate), ...row })
    if (driver === undefined) continue
    const figures = await measureWithDriver(driver, kubeconfig, processes, network, key.servers)
    report({ what: `${network}, driver`, ...key, load: load(), ...figures })
  }
}

const load = (): number => round(loadavg()[0] ?? 0, 1)
