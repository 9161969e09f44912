import { afterAll } from 'vitest'
import * as types from '../../apis/core/resources.generated.ts'
import type { Event, Pod } from '../../apis/core/types.generated.ts'
import { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import type { DeepReadonly, New } from '../../kube/object.ts'
import { RestClient } from '../../kube/rest-client.ts'
import { createApiServer } from '../apiserver/server.ts'
import { type HostPlan, hostPlan } from '../host-plan.ts'
import { directDialer } from '../node/runtime/direct-dialer.ts'
import { type Controllers, startControllers } from './controller-manager.ts'

export const namespace = 'default'

/** An API server in this process with two nodes, all controllers, and a kubelet that runs no processes. */
export interface TestBed {
  readonly plan: HostPlan
  readonly client: Client
  readonly controllers: Controllers
  /** Disposed after the tests of the file. */
  readonly stack: AsyncDisposableStack
}

/** Call while a test file is collected or in `beforeAll`; ends with the file. */
export async function startTestBed(slot: number): Promise<TestBed> {
  const stack = new AsyncDisposableStack()
  afterAll(() => stack.disposeAsync())
  const plan = hostPlan(slot)
  const server = stack.use(await createApiServer({ plan }))
  const client = stack.use(new RestClient({ transport: server.transport() }))
  for (const [index, name] of ['node-1', 'node-2'].entries()) {
    const addresses = [{ type: 'InternalIP', address: plan.nodeIP(index) }]
    await client.create(types.nodes, { metadata: { name, labels: { 'kubernetes.io/hostname': name } }, spec: {} })
    const status = { allocatable: { cpu: '4', memory: '8Gi', pods: '110' }, addresses, conditions: [{ type: 'Ready', status: 'True' }] }
    await client.patch(types.nodes, { name }, { status }, { type: 'merge', subresource: 'status' })
  }
  const clouds = { loadBalancers: { volcengine: ['clb-1'] }, delayMs: 5 }
  const controllers = stack.use(await startControllers({ client, plan, dialer: directDialer, rootCA: 'PEM', clouds }))
  runPods(client, plan, stack)
  return { plan, client, controllers, stack }
}

/** As a kubelet would, but for the processes: addresses, readiness, removal. */
function runPods(client: Client, plan: HostPlan, stack: AsyncDisposableStack): void {
  const cache = stack.use(new Cache({ client }))
  let next = 0
  const run = async (pod: DeepReadonly<Pod>): Promise<void> => {
    const { name, uid } = pod.metadata
    if (pod.metadata.deletionTimestamp !== undefined) await client.delete(types.pods, { namespace, name }, { gracePeriodSeconds: 0 })
    else if (pod.spec?.nodeName !== undefined && pod.status?.podIP === undefined) {
      const podIP = plan.loopbackPodIP(next++)
      const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]
      const patch = { metadata: { uid }, status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } }
      await client.patch(types.pods, { namespace, name }, patch, { type: 'strategic', subresource: 'status' })
    }
  }
  // A pod that is gone before its turn is of no interest.
  const look = (pod: DeepReadonly<Pod>): void => void run(pod).catch(() => {})
  cache.store(types.pods).subscribe({ added: look, updated: look })
}

/** Looks again and again for a few seconds. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 4000
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Waits until at least one such event is recorded. */
export function eventsOf(client: Client, name: string, reason: string): Promise<DeepReadonly<Event>[]> {
  return until(`event ${reason} of ${name}`, async () => {
    const { items } = await client.list(types.events, { namespace })
    const found = items.filter(event => event.involvedObject.name === name && event.reason === reason)
    return found.length > 0 && found
  })
}

export function newPod(
  name: string,
  labels: Record<string, string> = {},
  ports: { containerPort: number; hostPort?: number }[] = [],
): New<Pod> {
  return {
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'game', image: 'x', ports, resources: { requests: { cpu: '100m' } } }] },
  }
}
