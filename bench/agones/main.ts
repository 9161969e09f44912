import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, loadavg, release } from 'node:os'
import { parseArgs, promisify } from 'node:util'
import { openTarget } from '../cluster/target.ts'
import { type DriverResult, figuresOf } from '../cluster/driver-run.ts'
import { type Row, round } from '../harness/bench.ts'
import { table } from '../harness/table.ts'
import { resetPeak, usageOf } from '../harness/process-usage.ts'
import { realServers } from './real-servers.ts'

const usage = `npm run bench agones -- [options]
  --kubeconfig FILE   a cluster of this host with kwok nodes labelled type=kwok and Berth installed with agones.enabled
  --driver FILE       the driver of the peers' measurements
  --servers N,N       sizes of Fleets (default: 200,1000; none: 0)
  --pool N            servers to allocate from (default: 1500)
  --clients N,N       at a time (default: 1,20,100)
  --requests N        of each number of clients (default: 400)
  --runs N            of each (default: 1)
  --real N            instead of all that: so many servers on nodes that run containers; without --driver`

/** Fleets and allocations on a real API server; the driver plays games and matchmakers. */
export async function benchAgones(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return console.log(usage)
  const { values } = parseArgs({
    args: [...args],
    options: {
      kubeconfig: { type: 'string' },
      driver: { type: 'string' },
      servers: { type: 'string', default: '200,1000' },
      pool: { type: 'string', default: '1500' },
      clients: { type: 'string', default: '1,20,100' },
      requests: { type: 'string', default: '400' },
      runs: { type: 'string', default: '1' },
      real: { type: 'string' },
    },
  })
  const { kubeconfig, driver } = values
  if (kubeconfig === undefined) throw new Error(usage)
  console.error(JSON.stringify({ cores: availableParallelism(), kernel: release(), node: process.version, load: loadavg() }))
  if (values.real !== undefined) return onRealNodes(kubeconfig, Number(values.real), Number(values.runs))
  if (driver === undefined) throw new Error(usage)
  const drive = async <T>(command: string, ...more: string[]): Promise<T> => {
    const { stdout } = await promisify(execFile)(driver, [command, '-kubeconfig', kubeconfig, ...more], { maxBuffer: 1 << 24 })
    return JSON.parse(stdout) as T
  }
  const numbers = (text: string): number[] =>
    text
      .split(',')
      .map(Number)
      .filter(number => number > 0)
  const rows: Row[] = []
  const report = (row: Row): void => {
    rows.push(row)
    console.error(JSON.stringify(row))
  }
  for (const count of numbers(values.servers)) {
    for (let run = 1; run <= Number(values.runs); run += 1) report({ run, ...(await ready(drive, count)) })
  }
  console.log(`\n### agones: Fleet to all Ready on fake nodes\n\n${table(rows.splice(0))}\n`)
  if (Number(values.pool) > 0) {
    await drive('fleet-ready', '-n', values.pool, '-keep')
    for (const clients of numbers(values.clients)) report(await allocations(drive, clients, Number(values.requests)))
    console.log(`\n### agones: allocations through the API server\n\n${table(rows)}\n`)
  }
}

async function onRealNodes(kubeconfig: string, count: number, runs: number): Promise<void> {
  await using target = await openTarget(kubeconfig)
  const rows: Row[] = []
  for (let run = 1; run <= runs; run += 1) {
    const row = { run, ...(await realServers(target.client, count)) }
    rows.push(row)
    console.error(JSON.stringify(row))
  }
  console.log(`\n### agones: a Fleet on nodes that run containers\n\n${table(rows)}\n`)
}

type Drive = <T>(command: string, ...more: string[]) => Promise<T>

async function ready(drive: Drive, count: number): Promise<Row> {
  const processes = berthProcesses()
  for (const pids of Object.values(processes)) for (const pid of pids) resetPeak(pid)
  const result = await drive<DriverResult>('fleet-ready', '-n', String(count), '-cpu', followed(processes))
  const { Procs, DrainSec } = result
  const cpu = (prefix: string): number =>
    round(
      (Object.entries(Procs).reduce((sum, [name, { cpuSeconds }]) => sum + (name.startsWith(prefix) ? cpuSeconds : 0), 0) * 1000) / count,
      1,
    )
  const peak = (pids: readonly number[]): number => Math.round(pids.reduce((sum, pid) => sum + usageOf(pid).peakMB, 0))
  return {
    servers: count,
    ...figuresOf(result),
    'API server CPU ms/server': cpu('apiserver'),
    'Berth CPU ms/server': round(cpu('controller') + cpu('webhooks'), 1),
    'peak RSS MiB, controllers': peak(processes.controller),
    'peak RSS MiB, webhooks': peak(processes.webhooks),
    'to 0 s': DrainSec,
  }
}

async function allocations(drive: Drive, clients: number, requests: number): Promise<Row> {
  const result = await drive<Record<string, unknown>>(
    'allocate',
    '-n',
    String(requests),
    '-c',
    String(clients),
    '-cpu',
    followed(berthProcesses()),
  )
  const plain = Object.entries(result).flatMap(([name, value]): [string, string | number][] =>
    typeof value === 'number' || typeof value === 'string' ? [[name, value]] : name === 'Procs' ? [] : [[name, JSON.stringify(value)]],
  )
  return { clients, ...Object.fromEntries(plain) }
}

interface BerthProcesses {
  readonly apiserver: readonly number[]
  readonly controller: readonly number[]
  readonly webhooks: readonly number[]
}

function followed(processes: BerthProcesses): string {
  return Object.entries(processes)
    .flatMap(([name, pids]: [string, readonly number[]]) => pids.map((pid, index) => `${name}${index}=${pid}`))
    .join(',')
}

/** Those of this host, whatever containers they are in. */
function berthProcesses(): BerthProcesses {
  const commands = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => ({ pid: Number(pid), command: commandOf(pid) }))
  const those = (pattern: RegExp): number[] => commands.filter(({ command }) => pattern.test(command)).map(({ pid }) => pid)
  return {
    apiserver: those(/kube-apiserver /),
    controller: those(/berth(\.js)? controller /),
    webhooks: those(/berth(\.js)? webhooks /),
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
