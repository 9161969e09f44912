import { readdirSync, readFileSync } from 'node:fs'
import { loadKubeconfig } from './src/kube/kubeconfig.ts'
import { UndiciTransport } from './src/kube/undici-transport.ts'
import { RestClient } from './src/kube/rest-client.ts'
import { gameServers } from './src/apis/agones.dev/game-server.ts'
import { pods, events } from './src/apis/core/resources.generated.ts'
import { usageOf } from './bench/harness/process-usage.ts'
import { completeSpec, firstStatus } from './src/families/agones/game-server/complete.ts'
import { newPod } from './src/families/agones/game-server/new-pod.ts'

const config = await loadKubeconfig({ files: [process.env.KUBECONFIG!] } as never)
const client = new RestClient({ transport: new UndiciTransport(config) })
const apiPid = Number(readdirSync('/proc').filter(n => /^\d+$/.test(n)).find(p => { try { return readFileSync(`/proc/${p}/cmdline`, 'utf8').replaceAll('\0',' ').match(/^[^ ]*kube-apiserver /) } catch { return false } }))
const n = 400
async function measure(name: string, f: (i: number) => Promise<unknown>) {
  const before = usageOf(apiPid).cpuSeconds, t = performance.now()
  let next = 0
  await Promise.all(Array.from({ length: 12 }, async () => { while (next < n) { await f(next++) } }))
  await new Promise(r => setTimeout(r, 1000))
  const idle = usageOf(apiPid).cpuSeconds
  await new Promise(r => setTimeout(r, 2000))
  const idleRate = (usageOf(apiPid).cpuSeconds - idle) / 2
  const secs = (performance.now() - t) / 1000 - 2
  console.log(name.padEnd(30), ((idle - before - idleRate * secs) * 1000 / n).toFixed(2), 'ms/op   idle', (idleRate*1000).toFixed(0), 'ms/s')
}
const namespace = 'default'
const spec = completeSpec({ ports: [{ name: 'default', containerPort: 7654, portPolicy: 'Dynamic', hostPort: 7777, protocol: 'UDP' }], template: { spec: { nodeSelector: { type: 'kwok' }, tolerations: [{ key: 'kwok', operator: 'Exists' }], containers: [{ name: 'game', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu: '20m', memory: '32Mi' } } }] } } } as never)
const server = (i: number) => ({ metadata: { name: `ub-${i}`, namespace, labels: { 'agones.dev/fleet': 'x', 'agones.dev/gameserverset': 'x-y' }, annotations: { 'agones.dev/sdk-version': '1.56.0' } }, spec, status: { ...firstStatus(spec as never), state: 'Creating' } })
const which = process.argv.slice(2)
const on = (s: string) => which.length === 0 || which.includes(s)
let stored: any[] = []
if (on('gs')) {
  await measure('POST gameserver', async i => { stored[i] = await client.create(gameServers, server(i) as never) })
  console.log('bytes', JSON.stringify(stored[0]).length)
  await measure('PATCH gs state (merge, rv)', async i => { stored[i] = await client.patch(gameServers, { namespace, name: `ub-${i}` }, { metadata: { resourceVersion: stored[i].metadata.resourceVersion }, status: { state: 'Scheduled' } }, { type: 'merge' }) })
  await measure('PATCH gs state+addr', async i => { stored[i] = await client.patch(gameServers, { namespace, name: `ub-${i}` }, { metadata: { resourceVersion: stored[i].metadata.resourceVersion }, status: { state: 'RequestReady', address: '1.2.3.4', addresses: [{ type: 'InternalIP', address: '1.2.3.4' }, { type: 'PodIP', address: '1.2.3.5' }], nodeName: 'x', ports: [{ name: 'default', port: 7777 }] } }, { type: 'merge' }) })
  await measure('GET gs', async i => { await client.get(gameServers, { namespace, name: `ub-${i}` }) })
}
if (on('pod')) {
  const s = await client.create(gameServers, { ...server(100000), metadata: { ...server(100000).metadata } } as never)
  await measure('POST pod', async i => { const p: any = newPod({ ...s, metadata: { ...s.metadata, name: `ub-${i}` } } as never, { image: 'x', resources: {} } as never); p.spec.nodeSelector = { nowhere: 'x' }; delete p.metadata.ownerReferences; await client.create(pods, p) })
  await client.deleteCollection?.(pods as never, { namespace } as never).catch(() => {})
}
if (on('event')) {
  await measure('POST event', async i => { await client.create(events, { metadata: { name: `ub-${i}.${Date.now().toString(16)}`, namespace }, involvedObject: { kind: 'GameServer', apiVersion: 'agones.dev/v1', name: `ub-${i}`, namespace, uid: 'x' }, reason: 'Creating', message: 'Pod created', type: 'Normal', source: { component: 'gameserver-controller' }, firstTimestamp: new Date().toISOString(), lastTimestamp: new Date().toISOString(), count: 1 } as never) })
}
if (which.includes('clean') || on('gs')) {
  await measure('DELETE gs', async i => { await client.delete(gameServers, { namespace, name: `ub-${i}` }).catch(() => {}) })
  await client.delete(gameServers, { namespace, name: 'ub-100000' }).catch(() => {})
}
process.exit(0)
