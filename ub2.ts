import { loadKubeconfig } from './src/kube/kubeconfig.ts'
import { UndiciTransport } from './src/kube/undici-transport.ts'
import { RestClient } from './src/kube/rest-client.ts'
import { gameServers } from './src/apis/agones.dev/game-server.ts'
import { completeSpec, firstStatus } from './src/families/agones/game-server/complete.ts'
const config = await loadKubeconfig({ files: [process.env.KUBECONFIG!] } as never)
const client = new RestClient({ transport: new UndiciTransport(config) })
const namespace = 'default'
const spec = completeSpec({ ports: [{ name: 'default', containerPort: 7654, portPolicy: 'Dynamic', hostPort: 7777, protocol: 'UDP' }], template: { spec: { nodeSelector: { type: 'kwok' }, tolerations: [{ key: 'kwok', operator: 'Exists' }], containers: [{ name: 'game', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu: '20m', memory: '32Mi' } } }] } } } as never)
const server = (i: number) => ({ metadata: { name: `uc-${i}`, namespace, labels: { 'agones.dev/fleet': 'x', 'agones.dev/gameserverset': 'x-y' }, annotations: { 'agones.dev/sdk-version': '1.56.0' } }, spec, status: { ...firstStatus(spec as never), state: 'Creating' } })
await Promise.all([...Array(20).keys()].map(i => client.create(gameServers, server(i) as never)))
const end = Date.now() + 12000
let n = 0
await Promise.all([...Array(12).keys()].map(async i => { while (Date.now() < end) { n++; await client.patch(gameServers, { namespace, name: `uc-${i}` }, { status: { state: n % 2 ? 'Scheduled' : 'Ready' , address: `1.2.3.${n%250}`} }, { type: 'merge' }) } }))
console.log(n / 12, 'patches/s')
await Promise.all([...Array(20).keys()].map(i => client.delete(gameServers, { namespace, name: `uc-${i}` })))
process.exit(0)
