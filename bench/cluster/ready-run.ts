import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../src/kube/client.ts'
import { type Row, round } from '../harness/bench.ts'
import { resetPeak, usageOf } from '../harness/process-usage.ts'
import { requestCounts, writesPerServer } from '../harness/request-counts.ts'
import type { Workload } from './workloads.ts'

/** Late writes, such as those for legacy Endpoints, belong to the servers as well; the peers' driver waits as long. */
const settleMs = 5_000

export interface Processes {
  readonly apiServer: number | undefined
  readonly berth: number | undefined
}

/** One workload from create to all Ready, and back to nothing. CPU covers the run and the quiet time after it. */
export async function measureReady(
  client: Client,
  processes: Processes,
  workload: Workload,
  count: number,
): Promise<{ readonly rate: number; readonly row: Row }> {
  const before = await requestCounts(client)
  const cpu = stopwatch(processes)
  const begun = performance.now()
  await workload.create(client, count)
  const seconds = (performance.now() - begun) / 1000
  await sleep(settleMs)
  const used = cpu()
  const after = await requestCounts(client)
  const { writes, events, failed, conflicts, webhookCalls, byRequest } = writesPerServer(before, after, count)
  const removing = performance.now()
  await workload.remove(client)
  const removed = (performance.now() - removing) / 1000
  await sleep(settleMs)
  const rate = count / seconds
  return {
    rate,
    row: {
      'servers/s': round(rate, 1),
      seconds: round(seconds),
      'writes/server': writes,
      'events/server': events,
      'failed/server': failed,
      '409/server': conflicts,
      'webhook calls/server': webhookCalls,
      'API server CPU ms/server': perServer(used.apiServer, count),
      'Berth CPU ms/server': perServer(used.berth, count),
      'Berth peak RSS MiB': used.berthPeakMB === undefined ? '–' : Math.round(used.berthPeakMB),
      'to 0 s': round(removed),
      'to 0, writes/server': writesPerServer(after, await requestCounts(client), count).writes,
      'by request': byRequest,
    },
  }
}

/** Starts to count what the processes use; the answer says how much it was, in seconds. */
function stopwatch({ apiServer, berth }: Processes) {
  if (berth !== undefined) resetPeak(berth)
  const cpuOf = (pid: number | undefined): number | undefined => (pid === undefined ? undefined : usageOf(pid).cpuSeconds)
  const begun = { apiServer: cpuOf(apiServer), berth: cpuOf(berth) }
  const since = (now: number | undefined, then: number | undefined): number | undefined =>
    now === undefined || then === undefined ? undefined : now - then
  return () => ({
    apiServer: since(cpuOf(apiServer), begun.apiServer),
    berth: since(cpuOf(berth), begun.berth),
    berthPeakMB: berth === undefined ? undefined : usageOf(berth).peakMB,
  })
}

function perServer(seconds: number | undefined, count: number): number | string {
  return seconds === undefined ? '–' : round((seconds * 1000) / count, 1)
}
