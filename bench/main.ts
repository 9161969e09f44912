// npm run bench [name…]: runs all benches but the long ones, or those named. Each prints one JSON line and a table.
// `npm run bench cluster -- [options]` and `npm run bench agones -- [options]` are others, on a real Kubernetes: `--help`.
import { availableParallelism, loadavg, release } from 'node:os'
import { allocationChoice } from './allocation-choice.ts'
import { allocations } from './allocations.ts'
import { apiserver } from './apiserver.ts'
import { container } from './container.ts'
import { deletion } from './delete.ts'
import { demo } from './demo.ts'
import type { Bench, Row } from './harness/bench.ts'
import { table } from './harness/table.ts'
import { inPlace } from './in-place.ts'
import { sdkServer } from './sdk-server.ts'
import { servers } from './servers.ts'
import { soak } from './soak.ts'
import { start } from './start.ts'
import { takeover } from './takeover.ts'

const benches: readonly Bench[] = [servers, inPlace, deletion, apiserver, allocationChoice, allocations, start, container, demo, sdkServer]
/** Take long, so they run only when they are named. */
const patient: readonly Bench[] = [soak, takeover]
const names = process.argv.slice(2)
if (names[0] === 'cluster') {
  const { benchCluster } = await import('./cluster/main.ts')
  await benchCluster(names.slice(1))
  process.exit()
}
if (names[0] === 'agones') {
  const { benchAgones } = await import('./agones/main.ts')
  await benchAgones(names.slice(1))
  process.exit()
}
const all = [...benches, ...patient]
const unknown = names.filter(name => !all.some(bench => bench.name === name))
if (unknown.length > 0) {
  console.error(`no bench is called ${unknown.join(', ')}; there are:\n${all.map(({ name, about }) => `  ${name}: ${about}`).join('\n')}`)
  process.exit(2)
}
const machine = { cores: availableParallelism(), kernel: release().split('-')[0], node: process.version }
for (const bench of names.length === 0 ? benches : all.filter(({ name }) => names.includes(name))) {
  const rows: Row[] = []
  // Of the last minute: above zero, something else had a share of the cores.
  const load = Number((loadavg()[0] ?? 0).toFixed(1))
  try {
    await bench.run(row => {
      rows.push(row)
      console.error(`${bench.name}: ${JSON.stringify(row)}`)
    })
  } catch (error) {
    process.exitCode = 1
    console.error(`${bench.name} failed:`, error)
  }
  console.log(JSON.stringify({ bench: bench.name, date: new Date().toISOString(), machine, load, rows }))
  console.log(`\n### ${bench.name}\n\n${bench.about}\n\n${table(rows)}\n`)
}
