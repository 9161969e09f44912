// The clouds' service controllers for a cluster that has none: what the embedded cluster simulates, over any API server whose pods this host
// can reach. Services of type LoadBalancer get loopback addresses here, and what is sent there arrives at the pods.
import * as types from '../../src/apis/core/resources.generated.ts'
import { Cache } from '../../src/kube/cache.ts'
import { systemClock } from '../../src/kube/clock.ts'
import { createEventRecorder } from '../../src/kube/event-recorder.ts'
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts'
import { noopLogger } from '../../src/kube/logger.ts'
import { RestClient } from '../../src/kube/rest-client.ts'
import { UndiciTransport } from '../../src/kube/undici-transport.ts'
import { createCloudController } from '../../src/local/clouds/controller.ts'
import { createServiceSelection } from '../../src/local/controllers/service-selection.ts'
import { createServiceProxy } from '../../src/local/controllers/service-proxy/service-proxy.ts'
import { hostPlan } from '../../src/local/host-plan.ts'
import { directDialer } from '../../src/local/node/runtime/direct-dialer.ts'

const [kubeconfig, slot = '59'] = process.argv.slice(2)
if (kubeconfig === undefined) {
  process.stderr.write('usage: node test/cluster/clouds.ts KUBECONFIG [SLOT]\n')
  process.exit(2)
}
const [clock, logger] = [systemClock, noopLogger]
const config = await loadKubeconfig({ files: [kubeconfig], env: process.env, clock })
const client = new RestClient({ transport: new UndiciTransport(config), clock, userAgent: 'berth-clouds', fieldManager: 'berth-clouds' })
const cache = new Cache({ client, clock, logger })
const pods = cache.store(types.pods)
const nodes = cache.store(types.nodes)
const services = cache.store(types.services)
const slices = cache.store(types.endpointslices)
const recorder = createEventRecorder({ client, component: 'service-controller', clock, logger })
const dataPlane = createServiceProxy({
  services,
  pods,
  nodes,
  slices,
  selection: createServiceSelection(services, pods),
  dialer: directDialer,
  recorder,
  clusterIPs: false,
  loadBalancersOnly: true,
})
const controller = createCloudController({ client, services, plan: hostPlan(Number(slot)), dataPlane, recorder })
await cache.whenSynced()
await Promise.all([dataPlane.start(), controller.start()])
process.stdout.write('ready\n')
