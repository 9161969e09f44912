import { setTimeout as sleep } from 'node:timers/promises'
import type { Replicas } from './faults-controllers.ts'
import type { Plane } from './faults-plane.ts'
import type { SeededRandom } from './faults-random.ts'
import type { World } from './faults-world.ts'

export interface Stricken {
  readonly plane: Plane
  readonly replicas: Replicas
  readonly world: Pick<World, 'namespaces'>
  readonly random: SeededRandom
  readonly leaseNamespace: string
  readonly tell: (what: string) => void
}

/** Something that goes wrong and is over when the promise resolves. */
export interface Fault {
  readonly name: string
  /** How often it comes, beside the others. */
  readonly weight: number
  readonly on: (plane: Plane) => boolean
  strike(stricken: Stricken): Promise<void>
}

const anywhere = () => true
const leasePath = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/berth-controller`

export const faults: readonly Fault[] = [
  {
    name: 'the leader is killed',
    weight: 4,
    on: anywhere,
    async strike({ replicas, random }) {
      const { first } = replicas
      await first.end('SIGKILL')
      await sleep(random.between(0, 2000))
      first.start()
    },
  },
  {
    name: 'all replicas are killed',
    weight: 1,
    on: anywhere,
    async strike({ replicas, random }) {
      await Promise.all(replicas.all.map(replica => replica.end('SIGKILL')))
      await sleep(random.between(0, 1000))
      for (const replica of replicas.all) replica.start()
    },
  },
  {
    name: 'the leader is told to stop',
    weight: 2,
    on: anywhere,
    async strike({ replicas, tell }) {
      const { first } = replicas
      const began = performance.now()
      await first.end('SIGTERM')
      tell(`it took ${Math.round(performance.now() - began)} ms to stop`)
      first.start()
    },
  },
  {
    name: 'the leader is stopped and continues after another has taken over',
    weight: 2,
    on: anywhere,
    async strike({ replicas, random }) {
      const { first } = replicas
      first.signal('SIGSTOP')
      await sleep(random.between(4500, 6500))
      first.signal('SIGCONT')
      await sleep(random.between(0, 500))
    },
  },
  {
    name: 'the leader stalls for less than its lease',
    weight: 1,
    on: anywhere,
    async strike({ replicas, random }) {
      const { first } = replicas
      first.signal('SIGSTOP')
      await sleep(random.between(200, 3800))
      first.signal('SIGCONT')
    },
  },
  {
    name: 'the leader cannot reach the API server',
    weight: 2,
    on: anywhere,
    async strike({ replicas, random }) {
      const { proxy } = replicas.first
      proxy.shut()
      await sleep(random.between(500, 6000))
      proxy.open()
    },
  },
  {
    name: "the leader's connections die without a word",
    weight: 2,
    on: anywhere,
    async strike({ replicas, random }) {
      const { proxy } = replicas.first
      proxy.silence()
      await sleep(random.between(3500, 7000))
      proxy.open()
    },
  },
  {
    name: "the leader's network stands still and delivers late what was sent",
    weight: 2,
    on: anywhere,
    async strike({ replicas, random }) {
      const { proxy } = replicas.first
      proxy.stall()
      await sleep(random.between(300, 7000))
      proxy.open()
    },
  },
  {
    name: 'nobody can reach the API server',
    weight: 1,
    on: anywhere,
    async strike({ replicas, random }) {
      for (const { proxy } of replicas.all) proxy.shut()
      await sleep(random.between(500, 6000))
      for (const { proxy } of replicas.all) proxy.open()
    },
  },
  {
    name: 'watches are cut',
    weight: 3,
    on: anywhere,
    async strike({ replicas, random }) {
      for (let times = random.between(1, 5); times > 0; times -= 1) {
        for (const { proxy } of replicas.all) proxy.cutWatches()
        await sleep(random.between(0, 300))
      }
    },
  },
  {
    name: 'answers to writes are lost',
    weight: 3,
    on: anywhere,
    async strike({ replicas, random }) {
      const share = random.between(2, 8) / 10
      // Which ones depends on the order of requests, which no seed decides.
      for (const { proxy } of replicas.all) proxy.losesAnswer = () => Math.random() < share
      await sleep(random.between(200, 2500))
      for (const { proxy } of replicas.all) proxy.losesAnswer = () => false
    },
  },
  {
    name: 'a certificate has expired on the way to the API server',
    weight: 1,
    on: anywhere,
    async strike({ replicas, random }) {
      for (const { proxy } of replicas.all) proxy.present(-60_000)
      await sleep(random.between(500, 6000))
      for (const { proxy } of replicas.all) proxy.present()
    },
  },
  {
    name: "the API server's certificate has expired",
    weight: 1,
    on: plane => plane.expireCertificate !== undefined,
    async strike({ plane, replicas, random }) {
      for (const { proxy } of replicas.all) proxy.cut()
      await plane.expireCertificate?.(random.between(2000, 6000))
    },
  },
  {
    name: 'tokens are refused',
    weight: 1,
    on: anywhere,
    async strike({ replicas, random }) {
      for (const { proxy } of replicas.all) proxy.refusesTokens = true
      await sleep(random.between(500, 6000))
      for (const { proxy } of replicas.all) proxy.refusesTokens = false
    },
  },
  {
    name: 'the API server is killed and comes back',
    weight: 2,
    on: anywhere,
    async strike({ plane, replicas, random }) {
      await plane.restartApiServer(random.between(0, 2000))
      replicas.lead(plane.upstream)
    },
  },
  {
    name: 'etcd does not answer for a while',
    weight: 3,
    on: plane => plane.pauseStorage !== undefined,
    strike: async ({ plane, random }) => plane.pauseStorage?.(random.between(1000, 9000)),
  },
  {
    name: "somebody's webhook for pods is down and fails closed",
    weight: 1,
    on: anywhere,
    async strike({ plane, world, random }) {
      const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
      await plane.api.send('POST', path, {
        kind: 'ValidatingWebhookConfiguration',
        apiVersion: 'admissionregistration.k8s.io/v1',
        metadata: { name: 'somebody-else' },
        webhooks: [
          {
            name: 'pods.example.com',
            clientConfig: { url: 'https://127.0.0.1:1/' },
            rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods'] }],
            namespaceSelector: {
              matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [...world.namespaces] }],
            },
            failurePolicy: 'Fail',
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
            timeoutSeconds: 1,
          },
        ],
      })
      await sleep(random.between(1000, 4000))
      await plane.api.send('DELETE', `${path}/somebody-else`)
    },
  },
  {
    name: 'the lease is deleted',
    weight: 1,
    on: anywhere,
    async strike({ plane, leaseNamespace }) {
      await plane.api.send('DELETE', leasePath(leaseNamespace))
    },
  },
  {
    name: 'the lease is taken by somebody who never renews it',
    weight: 1,
    on: anywhere,
    async strike({ plane, leaseNamespace }) {
      await plane.api.send('PATCH', leasePath(leaseNamespace), { spec: { holderIdentity: 'nobody' } }, 'application/merge-patch+json')
    },
  },
  {
    name: 'a node is NotReady and comes back',
    weight: 2,
    on: plane => plane.kind === 'embedded',
    async strike({ plane, random }) {
      const { items } = await plane.api.list<{ metadata: { name: string } }>('/api/v1/nodes')
      const path = `/api/v1/nodes/${random.pick(items).metadata.name}/status`
      const say = (status: string) =>
        plane.api.send('PATCH', path, { status: { conditions: [{ type: 'Ready', status }] } }, 'application/strategic-merge-patch+json')
      await say('False')
      await sleep(random.between(200, 3000))
      await say('True')
    },
  },
]
