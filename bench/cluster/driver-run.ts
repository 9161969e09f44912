import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Row, round } from '../harness/bench.ts'
import type { Processes } from './ready-run.ts'

/** What the driver tells of servers that became Ready, one way or another. */
export interface DriverResult {
  readonly Seconds: number
  readonly ServersPerSecond: number
  readonly Writes: Readonly<Record<'writesPerServer' | 'eventsPerServer' | 'failedPerServer' | 'webhooksPerServer', number>>
  readonly Procs: Readonly<Record<string, { readonly cpuSeconds: number; readonly peakRssMB: number }>>
  readonly DrainSec: number
}

/** The same with the driver that measured the peers, so that the figures stand beside theirs. */
export async function measureWithDriver(
  driver: string,
  kubeconfig: string,
  { apiServer, berth }: Processes,
  network: string,
  count: number,
): Promise<Row> {
  const pids = Object.entries({ apiserver: apiServer, berth }).flatMap(([name, pid]) => (pid === undefined ? [] : [`${name}=${pid}`]))
  const short = network.replace('Kubernetes-', '')
  const { stdout } = await promisify(execFile)(
    driver,
    ['okg-ready', '-kubeconfig', kubeconfig, '-n', String(count), '-network', short, '-cpu', pids.join(',')],
    { maxBuffer: 1 << 24 },
  )
  const result = JSON.parse(stdout) as DriverResult
  const { Procs, DrainSec } = result
  const cpu = (name: string): number => round(((Procs[name]?.cpuSeconds ?? Number.NaN) * 1000) / count, 1)
  return {
    ...figuresOf(result),
    'API server CPU ms/server': cpu('apiserver'),
    'Berth CPU ms/server': cpu('berth'),
    'Berth peak RSS MiB': Math.round(Procs['berth']?.peakRssMB ?? Number.NaN),
    'to 0 s': DrainSec,
  }
}

export function figuresOf({ Seconds, ServersPerSecond, Writes }: DriverResult): Row {
  return {
    'servers/s': ServersPerSecond,
    seconds: Seconds,
    'writes/server': Writes.writesPerServer,
    'events/server': Writes.eventsPerServer,
    'failed/server': Writes.failedPerServer,
    'webhook calls/server': Writes.webhooksPerServer,
  }
}
