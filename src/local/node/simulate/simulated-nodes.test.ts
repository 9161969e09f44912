import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cache } from '../../../kube/cache.ts'
import { RestClient } from '../../../kube/rest-client.ts'
import type { Store } from '../../../kube/store.ts'
import { nodes, pods } from '../../../apis/core/resources.generated.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { createApiServer, type ApiServer } from '../../apiserver/server.ts'
import { hostPlan } from '../../host-plan.ts'
import { createSimulatedNodes, type SimulatedNodes } from './simulated-nodes.ts'

const namespace = 'default'
const count = 100
let api: ApiServer
let client: RestClient
let cache: Cache
let simulated: SimulatedNodes
let store: Store<Pod>
let statusWrites: number

beforeEach(async () => {
  statusWrites = 0
  api = await createApiServer({
    plan: hostPlan(0),
    onRequest: ({ resource, subresource }) => {
      if (resource === 'pods' && subresource === 'status') statusWrites += 1
    },
  })
  client = new RestClient({ transport: api.transport() })
  cache = new Cache({ client })
  simulated = await createSimulatedNodes({ client, cache, plan: hostPlan(0), count: 2 })
  store = cache.store(pods)
})

afterEach(async () => {
  await simulated[Symbol.asyncDispose]()
  await cache[Symbol.asyncDispose]()
  await client[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

test('many pods live through their stages with one write each', { timeout: 20_000 }, async () => {
  const settled = (holds: () => boolean) => expect.poll(holds, { timeout: 10_000, interval: 10 }).toBe(true)
  const names = Array.from({ length: count }, (_, index) => `p${index}`)
  await Promise.all(
    names.map((name, index) =>
      client.create(pods, {
        metadata: { name, namespace },
        spec: {
          nodeName: simulated.names[index % 2] ?? '',
          containers: [
            { name: 'main', image: 'm:1' },
            { name: 'side', image: 's:1' },
          ],
        },
      }),
    ),
  )
  const isReady = (pod: (typeof all)[number]) =>
    pod.status?.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True')
  let all = store.list()
  await settled(() => (all = store.list()).length === count && all.every(isReady))
  expect(statusWrites).toBe(count)
  expect(new Set(all.map(pod => pod.status?.podIP)).size).toBe(count)
  expect(simulated.has(namespace, 'p0')).toBe(true)

  await Promise.all(
    names.map(name =>
      client.patch(pods, { namespace, name }, { spec: { containers: [{ name: 'side', image: 's:2' }] } }, { type: 'strategic' }),
    ),
  )
  await settled(() => store.list().every(pod => pod.status?.containerStatuses?.[1]?.restartCount === 1))
  expect(statusWrites).toBe(2 * count)

  await Promise.all(names.map(name => client.delete(pods, { namespace, name })))
  await settled(() => store.size === 0)
  expect(statusWrites).toBe(2 * count)
})

test('the nodes say that they are simulated', async () => {
  const node = await client.get(nodes, { name: 'simulated-1' })
  expect(node.metadata.annotations?.['berth.dev/isolation']).toBe('simulated')
  expect(node.status?.allocatable?.['pods']).toBe('10k')
  expect(
    await simulated.streams.logs(
      { namespace, pod: 'p' },
      { follow: false, previous: false, timestamps: false },
      new AbortController().signal,
    ),
  ).toMatchObject({ refused: true })
})
