import { configmaps, namespaces } from '../src/apis/core/resources.generated.ts'
import type { ConfigMap } from '../src/apis/core/types.generated.ts'
import type { Client } from '../src/kube/client.ts'
import type { New } from '../src/kube/object.ts'
import { RestClient } from '../src/kube/rest-client.ts'
import { hostPlan } from '../src/local/host-plan.ts'
import { createApiServer } from '../src/local/apiserver/server.ts'
import { type Bench, median, perSecond, timed } from './harness/bench.ts'
import { startCluster } from './harness/cluster.ts'

const count = 5_000
const parallel = 32
const watchers = 50
const namespace = 'bench'
const object = (name: string): New<ConfigMap> => ({
  metadata: { name, namespace, labels: { app: 'bench' } },
  data: { text: 'a'.repeat(200), count: '0' },
})

export const apiserver: Bench = {
  name: 'apiserver',
  about: `requests per second on ${count} ConfigMaps with ${parallel} in flight; a list of all; ${watchers} watchers of 1,000 changes`,
  async run(report) {
    {
      await using server = await createApiServer({ plan: hostPlan(59) })
      await using client = new RestClient({ transport: server.transport('bench'), fieldManager: 'bench' })
      report({ way: 'in process', ...(await measure(client)) })
    }
    await using cluster = await startCluster({ args: ['--simulate', '--no-controllers'] })
    report({ way: 'TLS', ...(await measure(cluster.client)) })
  },
}

async function measure(client: Client) {
  const ref = (index: number) => ({ namespace, name: `m-${index}` })
  await client.create(namespaces, { metadata: { name: namespace } })
  const creates = await perSecond(count, parallel, index => client.create(configmaps, object(`m-${index}`)))
  const gets = await perSecond(count, parallel, index => client.get(configmaps, ref(index)))
  const patches = await perSecond(count, parallel, index =>
    client.patch(configmaps, ref(index), { data: { count: '1' } }, { type: 'merge' }),
  )
  const lists: number[] = []
  for (let round = 0; round < 7; round += 1) lists.push(await timed(() => client.list(configmaps, { namespace, limit: count })))
  return { 'creates/s': creates, 'gets/s': gets, 'patches/s': patches, 'list ms': Math.round(median(lists)), ...(await fanOut(client)) }
}

/** How many watch events per second reach many watchers together. */
async function fanOut(client: Client) {
  const changes = 1_000
  const stop = new AbortController()
  let open = 0
  const started = Promise.withResolvers<void>()
  const follow = async (): Promise<void> => {
    let seen = 0
    for await (const { type, object: changed } of client.watch(configmaps, { namespace, sendInitialEvents: false, signal: stop.signal })) {
      if (type !== 'ADDED' && type !== 'MODIFIED') continue
      // The first one only shows that the watch is open.
      if (changed.metadata.name.startsWith('probe')) {
        if (seen === 0 && ++open === watchers) started.resolve()
        seen = Math.max(seen, 1)
        continue
      }
      seen += 1
      if (seen > changes) return
    }
  }
  const following = Array.from({ length: watchers }, follow)
  for (let attempt = 0; open < watchers; attempt += 1) {
    await client.create(configmaps, object(`probe-${attempt}`))
    await Promise.race([started.promise, new Promise(resolve => setTimeout(resolve, 50))])
  }
  const ms = await timed(async () => {
    await perSecond(changes, parallel, index => client.create(configmaps, object(`w-${index}`)))
    await Promise.all(following)
  })
  stop.abort()
  return { 'watch events/s': Math.round((changes * watchers) / (ms / 1000)) }
}
