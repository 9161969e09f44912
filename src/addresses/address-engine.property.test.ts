import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AddressEngine } from './engine.ts'
import { claimOf, FakeCluster } from './fake-cluster.ts'
import type { Claim } from './model.ts'
import { defaultProviderConfig } from './provider-config.ts'

const signal = new AbortController().signal
const config = {
  ...defaultProviderConfig,
  ranges: { 'volcengine.clb': { min: 550, max: 558, blocked: [553] }, 'hwcloud.elb': { min: 500, max: 505, blocked: [] } },
}

/** Networks of very different shape, two of them on the same load balancers. */
const networks: readonly (readonly [string, Record<string, string>])[] = [
  ['Volcengine-CLB', { ClbIds: 'clb-1,clb-2', PortProtocols: '80/TCP,90/UDP' }],
  ['Volcengine-CLB', { ClbIds: 'clb-2,clb-3', PortProtocols: '7777/TCPUDP', Fixed: 'true', EnableClbScatter: 'true' }],
  ['Volcengine-CLB', { ClbIds: 'clb-1', PortProtocols: '80/TCP,81/TCP,82/TCPUDP' }],
  ['HwCloud-ELB', { ElbIds: 'e-1,e-2', PortProtocols: '80' }],
]

type Step =
  | { do: 'server'; name: number; network: number }
  | { do: 'replace' | 'remove' | 'collect'; name: number }
  | { do: 'disable'; name: number; off: boolean }
  | { do: 'lose' | 'settle' | 'deliver' | 'restart' }

const name = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('server' as const), name, network: fc.nat(networks.length - 1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('replace' as const, 'remove' as const, 'collect' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disable' as const), name, off: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'settle' as const, 'deliver' as const, 'restart' as const) }) },
)

/** Pool and protocol and port of every Service there is; throws the test when one is there twice. */
function checkNoPortTwice(cluster: FakeCluster): void {
  const holders = new Map<string, string>()
  for (const [key, service] of cluster.services) {
    const annotations = service.metadata.annotations ?? {}
    const pool = annotations['service.beta.kubernetes.io/volcengine-loadbalancer-id'] ?? annotations['kubernetes.io/elb.id']
    for (const { port, protocol } of service.spec?.ports ?? []) {
      const place = `${pool} ${protocol} ${port}`
      expect(holders.get(place), `${place} of ${key}`).toBeUndefined()
      expect(port).not.toBe(553)
      holders.set(place, key)
    }
  }
}

interface World {
  readonly cluster: FakeCluster
  engine: AddressEngine
  readonly claims: Map<number, Claim>
  pods: number
}

async function reconcileAll(world: World): Promise<void> {
  // All at once, as workers do.
  await Promise.allSettled([...world.claims.values()].map(claim => world.engine.reconcile(claim, signal)))
}

/** Kubernetes deletes what pods that are gone own. */
function collect(world: World): void {
  const living = new Set([...world.claims.values()].map(claim => claim.backend?.uid))
  for (const [key, service] of world.cluster.services) {
    const owner = service.metadata.ownerReferences?.[0]
    if (owner?.kind === 'Pod' && !living.has(owner.uid)) world.cluster.remove(key)
  }
}

async function take(world: World, action: Step): Promise<void> {
  const { cluster, claims } = world
  switch (action.do) {
    case 'server': {
      const [provider, parameters] = networks[action.network]!
      world.pods += 1
      if (!claims.has(action.name))
        claims.set(action.name, claimOf(`rooms-${action.name}`, provider, parameters, { pod: { uid: `pod-${world.pods}` } }))
      break
    }
    case 'replace': {
      const claim = claims.get(action.name)
      world.pods += 1
      if (claim !== undefined) claims.set(action.name, { ...claim, backend: { ...claim.backend!, uid: `pod-${world.pods}` } })
      break
    }
    case 'remove': {
      const claim = claims.get(action.name)
      claims.delete(action.name)
      if (claim !== undefined) await world.engine.release(claim.key, signal)
      break
    }
    case 'collect':
      collect(world)
      break
    case 'disable': {
      const claim = claims.get(action.name)
      if (claim !== undefined) claims.set(action.name, { ...claim, disabled: action.off })
      break
    }
    case 'lose':
      cluster.failures.push('lost')
      break
    case 'settle':
      cluster.settle()
      break
    case 'deliver':
      cluster.deliver()
      break
    case 'restart':
      world.engine = await cluster.start(config)
      break
  }
  await reconcileAll(world)
}

test('1,000 random histories: no port twice, a restart loses nothing, and in the end everyone who fits is served', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
      const cluster = new FakeCluster()
      const world: World = { cluster, engine: await cluster.start(config), claims: new Map(), pods: 0 }
      for (const action of steps) {
        await take(world, action)
        checkNoPortTwice(cluster)
      }
      cluster.failures.length = 0
      for (let round = 0; round < 4; round++) {
        collect(world)
        cluster.deliver()
        cluster.settle()
        // Services that came and went unseen are given up.
        await cluster.clock.advance(5000)
        await reconcileAll(world)
      }
      const fixedBefore = new Map(cluster.services)
      const states = await Promise.all([...world.claims.values()].map(claim => world.engine.reconcile(claim, signal)))
      for (const [at, claim] of [...world.claims.values()].entries()) {
        const status = states[at]!
        expect(['Bound', 'Disabled', 'NoCapacity'], JSON.stringify(status)).toContain(status.state)
        expect(status.state === 'Disabled').toBe(claim.disabled && status.state !== 'NoCapacity')
      }
      // Another process sees the same world, and writes nothing.
      const writes = cluster.writes.length
      const restarted = await cluster.start(config)
      const again = await Promise.all([...world.claims.values()].map(claim => restarted.reconcile(claim, signal)))
      expect(again.map(status => status.endpoints)).toEqual(states.map(status => status.endpoints))
      expect(cluster.writes).toHaveLength(writes)
      expect(new Map(cluster.services)).toEqual(fixedBefore)
    }),
    { numRuns: 1_000 },
  )
})
