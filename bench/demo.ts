import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Bench, round, timed } from './harness/bench.ts'
import { berth } from './harness/cluster.ts'

const run = promisify(execFile)

export const demo: Bench = {
  name: 'demo',
  about: 'the whole of `berth demo`, with real processes and players',
  async run(report) {
    for (const attempt of [1, 2]) report({ attempt, seconds: round((await timed(() => run(berth, ['demo', '--json']))) / 1000, 1) })
  },
}
