import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet, settled } from './harness/okg.ts'
import { writesOf } from './harness/requests.ts'

const test = testNeeding('kubectl')
const servers = 40
/**
 * How often the kubelet writes `pods/status`: running, with all containers ready; then Ready, when the readiness gate is open. That of fake
 * nodes opens the gate itself, in one write.
 */
const kubeletWrites = { embedded: 2, real: 1 }
/** Fewer are not possible: who counts fewer has not seen the servers being made. */
const leastWrites = 3
/** What Kubernetes' own controllers write for a Service; a released one has more of it, and how often depends on its timing. */
const ofKubernetes = /^\S+ (endpoints|endpointslices|ipaddresses)$/

describe('API writes per server from create to Ready', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--simulate'] })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const perServer = async (name: string, spec: Record<string, unknown>) => {
    const before = await writesOf(cluster)
    await cluster.apply(gameServerSet({ name, replicas: servers, spec }))
    await settled(cluster, name, [...Array(servers).keys()], 60_000)
    const all = (await writesOf(cluster)).minus(before)
    const counted = cluster.kind === 'embedded' ? all : all.without(ofKubernetes)
    return { total: counted.total / servers - kubeletWrites[cluster.kind], detail: all.describe(servers) }
  }

  test('at most 5 without a network', async () => {
    const { total, detail } = await perServer('none', {})
    expect(total, detail).toBeGreaterThanOrEqual(leastWrites)
    expect(total, detail).toBeLessThanOrEqual(5)
  })

  test('at most 8 with a Service per server, everybody counted but scheduler, kubelet and events', async () => {
    const { total, detail } = await perServer('clb', {
      network: {
        networkType: 'Volcengine-CLB',
        networkConf: [
          { name: 'ClbIds', value: 'clb-frugal-a' },
          { name: 'PortProtocols', value: '80/TCP' },
        ],
      },
    })
    expect(total, detail).toBeGreaterThanOrEqual(leastWrites)
    expect(total, detail).toBeLessThanOrEqual(8)
  })
})
