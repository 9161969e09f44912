import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../src/kube/client.ts'
import { type Row, round } from '../harness/bench.ts'
import { resetPeak, usageOf } from '../harness/process-usage.ts'
import { startReplica } from '../harness/replica.ts'
import { servers } from './workloads.ts'

const settleMs = 5_000

/** Memory of a controller that brings up a set of this size and lives on with it; it is a new process, so nothing of earlier runs counts. */
export async function measureMemory(client: Client, kubeconfig: string, nodeArguments: readonly string[], count: number): Promise<Row> {
  const workload = servers('None')
  await using berth = startReplica(kubeconfig, { nodeArguments })
  await berth.atWork
  resetPeak(berth.pid)
  const begun = performance.now()
  await workload.create(client, count)
  const seconds = (performance.now() - begun) / 1000
  await sleep(settleMs)
  const starting = usageOf(berth.pid)
  let restarted: number
  {
    await berth[Symbol.asyncDispose]()
    await using second = startReplica(kubeconfig, { nodeArguments })
    await second.atWork
    await sleep(settleMs)
    restarted = usageOf(second.pid).peakMB
    await workload.remove(client)
  }
  return {
    servers: count,
    seconds: round(seconds, 1),
    'Berth CPU ms/server': round((starting.cpuSeconds * 1000) / count, 1),
    'peak RSS MiB, start of all': Math.round(starting.peakMB),
    'peak RSS MiB, restart of Berth': Math.round(restarted),
  }
}
