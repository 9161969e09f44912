import { afterAll, beforeAll, describe, expect } from 'vitest'
import { goClients } from './cluster/components.ts'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { programs, testNeeding } from './harness/needs.ts'
import { run } from './harness/run.ts'

// What operators written in Go rely on: client-go and controller-runtime, as they come. The program says itself what it looks at.
const checks = [
  'discovery finds the kinds and a mapper their resources',
  'an informer sees what is made, changed and deleted, in order',
  'a pager reads long lists in pages',
  'a metadata client sees names without contents',
  'writers who collide try again',
  'server-side apply of typed configurations conflicts and is forced',
  'protobuf bodies are understood',
  'pods are patched, bound, evicted',
  'a lease passes from leader to leader',
  'a manager reconciles a kind of its own, through its whole life',
]

describe('clients written in Go', () => {
  let cluster: TestCluster
  let printed = ''
  let errors = ''

  beforeAll(async () => {
    if (programs.go === undefined) return
    const program = await goClients()
    cluster = await startCluster({ args: ['--simulate'] })
    const ran = await run(program, [cluster.kubeconfig], { timeout: 300_000 })
    printed = ran.stdout
    errors = ran.stderr
  }, 900_000)
  afterAll(() => cluster?.[Symbol.asyncDispose]())

  for (const check of checks) {
    testNeeding('go')(check, () => {
      expect(printed, errors).toContain(`ok ${check} (`)
    })
  }
})
