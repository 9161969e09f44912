import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { checkWorld } from './harness/faults-check.ts'
import { Replicas } from './harness/faults-controllers.ts'
import { openPlane } from './harness/faults-plane.ts'
import { SeededRandom } from './harness/faults-random.ts'
import { survive, type Trial } from './harness/faults-survive.ts'
import { World } from './harness/faults-world.ts'
import { testNeeding } from './harness/needs.ts'

const test = testNeeding('kubectl')

/**
 * Which faults strike, and what users do meanwhile; another number gives another history: `BERTH_FAULT_SEED=… BERTH_FAULTS=… npx vitest run
 * test/faults-leaders.test.ts`. On a real Kubernetes with BERTH_TEST_KUBECONFIG set: it starts a cluster of its own beside that one.
 */
const seed = Number(process.env['BERTH_FAULT_SEED'] ?? 1)
/** How many faults, one after the other. */
const count = Number(process.env['BERTH_FAULTS'] ?? 6)
/** Only faults whose name has this in it. */
const only = process.env['BERTH_FAULT'] ?? ''

describe(`two controllers and what can go wrong (seed ${seed})`, () => {
  test('come through it: nothing lost, nothing twice, nothing restarted, none but the leader writes', {
    timeout: 180_000 + count * 70_000,
  }, async () => {
    const random = new SeededRandom(seed)
    const folder = await mkdtemp(join(tmpdir(), 'berth-faults-'))
    await using parts = new AsyncDisposableStack()
    parts.defer(() => rm(folder, { recursive: true, force: true }))
    const { plane, home, arena, networks } = parts.use(await openPlane(folder, seed))
    const world = new World(random, {
      image: tag => `registry.example.com/demo/game:${tag}`,
      sets: 4,
      home,
      arena,
      ...(networks === undefined ? {} : { networks }),
    })
    const replicas = parts.use(await Replicas.start(2, plane.upstream, { args: ['--lease-namespace', home] }))
    const trial: Trial = {
      namespaces: world.namespaces,
      describe: () => [...world.sets].map(([name, set]) => `(${name}: ids ${set.ids.join(' or ')}, ${set.traits})`),
      plan: operations => world.plan(operations),
      check: () => checkWorld(plane, world, false),
    }
    await survive(plane, replicas, trial, random, { seed, count, only, leaseNamespace: home })
  })
})
