import type { Event, Node, Pod, Service } from '../apis/core/types.generated.ts'
import { ApiError } from '../kube/api-error.ts'
import type { Client } from '../kube/client.ts'
import { FakeClock } from '../kube/fake-clock.ts'
import { keyOf } from '../kube/object.ts'
import { applyMergePatch } from '../kube/patch/merge-patch.ts'
import { ObjectStore } from '../kube/store.ts'
import { createAddressEngine } from './address-engine.ts'
import type { AddressEngine } from './engine.ts'
import type { Claim, ClaimStatus, Parameter } from './model.ts'
import type { ProviderConfig } from './provider-config.ts'

type Write = { readonly verb: 'create' | 'patch' | 'delete'; readonly key: string; readonly body: unknown }

/**
 * For tests of the engine: Services behind a client, a cloud that delivers addresses on demand, and watches that show changes only when
 * `settle` is called.
 */
export class FakeCluster {
  readonly services = new Map<string, Service>()
  readonly writes: Write[] = []
  readonly clock = new FakeClock()
  /** Thrown by the next writes, in order; `lost` writes happen, but their answer does not arrive. */
  readonly failures: ('lost' | ApiError)[] = []
  stores = this.#freshStores()
  #version = 0

  /** A process that starts: new stores, filled from what there is. */
  async start(config?: ProviderConfig): Promise<AddressEngine> {
    this.stores = this.#freshStores()
    this.stores.services.replace(new Map(this.services))
    this.stores.nodes.replace(new Map())
    this.stores.pods.replace(new Map())
    this.stores.events.replace(new Map())
    const engine = createAddressEngine({
      client: this.#client(),
      stores: this.stores,
      clock: this.clock,
      ...(config === undefined ? {} : { config }),
    })
    await engine.start(new AbortController().signal)
    return engine
  }

  /** The watch catches up. */
  settle(): void {
    for (const old of this.stores.services.list()) {
      if (this.services.get(keyOf(old))?.metadata.uid !== old.metadata.uid) this.stores.services.remove(old)
    }
    for (const service of this.services.values()) this.stores.services.apply(service)
  }

  /** The cloud's controller gives every load balancer Service an address. */
  deliver(ingress: readonly { ip?: string; hostname?: string }[] = [{ ip: '203.0.113.7' }]): void {
    for (const service of this.services.values()) {
      const isOn = service.spec?.type === 'LoadBalancer'
      const has = (service.status?.loadBalancer?.ingress?.length ?? 0) > 0
      if (isOn !== has) this.#store({ ...service, status: { loadBalancer: isOn ? { ingress: [...ingress] } : {} } })
    }
  }

  /** Garbage collection and deletion by hand. */
  remove(key: string): void {
    this.services.delete(key)
  }

  addNode(name: string, addresses: { type: string; address: string }[]): void {
    const metadata = { name, uid: name, resourceVersion: String(++this.#version), creationTimestamp: '' }
    this.stores.nodes.apply({ apiVersion: 'v1', kind: 'Node', metadata, status: { addresses } } as Node)
  }

  addPod(name: string, hostPort: number, phase = 'Running'): void {
    const metadata = { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: String(++this.#version), creationTimestamp: '' }
    const spec = { containers: [{ name: 'game', ports: [{ containerPort: 80, hostPort }] }] }
    this.stores.pods.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec, status: { phase } } as Pod)
  }

  /** The cloud's controller says what is wrong with the Service. */
  complain(key: string, message: string, reason = 'SyncLoadBalancerFailed'): void {
    const service = this.services.get(key)
    if (service === undefined) throw new Error(`no Service ${key}`)
    const { name, namespace = '', uid } = service.metadata
    const version = ++this.#version
    const metadata = { name: `${name}.${version}`, namespace, uid: `e-${version}`, resourceVersion: String(version), creationTimestamp: '' }
    const involvedObject = { kind: 'Service', name, namespace, uid }
    this.stores.events.apply({ apiVersion: 'v1', kind: 'Event', metadata, involvedObject, type: 'Warning', reason, message })
  }

  put(service: Service): void {
    this.#store(service)
  }

  #freshStores() {
    return {
      services: new ObjectStore<Service>(),
      nodes: new ObjectStore<Node>(),
      pods: new ObjectStore<Pod>(),
      events: new ObjectStore<Event>(),
    }
  }

  #store(service: Service): Service {
    this.#version += 1
    const stored = Object.freeze({ ...service, metadata: { ...service.metadata, resourceVersion: String(this.#version) } })
    this.services.set(keyOf(stored), stored)
    return stored
  }

  #client(): Client {
    const answer = (service: Service, failure: 'lost' | undefined) => {
      if (failure === 'lost') throw ApiError.unreachable(new Error('connection reset'))
      return service
    }
    const client = {
      create: async (_type: unknown, object: Service) => {
        await Promise.resolve()
        const failure = this.failures.shift()
        if (failure instanceof ApiError) throw failure
        const key = keyOf(object)
        if (this.services.has(key)) throw new ApiError({ code: 409, reason: 'AlreadyExists', message: `services "${key}" already exists` })
        this.writes.push({ verb: 'create', key, body: object })
        const metadata = { ...object.metadata, uid: `uid-${++this.#version}`, creationTimestamp: '' }
        return answer(this.#store({ ...object, metadata }), failure)
      },
      get: async (_type: unknown, ref: { namespace?: string; name: string }) => {
        await Promise.resolve()
        const service = this.services.get(`${ref.namespace}/${ref.name}`)
        if (service === undefined) throw new ApiError({ code: 404, reason: 'NotFound' })
        return service
      },
      delete: async (_type: unknown, ref: { namespace?: string; name: string }) => {
        await Promise.resolve()
        const key = `${ref.namespace}/${ref.name}`
        this.writes.push({ verb: 'delete', key, body: undefined })
        this.services.delete(key)
      },
      patch: async (_type: unknown, ref: { namespace?: string; name: string }, patch: unknown) => {
        await Promise.resolve()
        const failure = this.failures.shift()
        if (failure instanceof ApiError) throw failure
        const key = `${ref.namespace}/${ref.name}`
        const old = this.services.get(key)
        if (old === undefined) throw new ApiError({ code: 404, reason: 'NotFound', message: `services "${key}" not found` })
        this.writes.push({ verb: 'patch', key, body: patch })
        return answer(this.#store(applyMergePatch(old, patch) as Service), failure)
      },
    }
    return client as unknown as Client
  }
}

/** A claim of server `name` in the set `rooms`; the pod is ready and has an IP unless said otherwise. */
export function claimOf(
  name: string,
  provider: string,
  parameters: Readonly<Record<string, string>> | readonly Parameter[],
  change: Partial<Claim> & { readonly pod?: Partial<Claim['backend']> } = {},
): Claim {
  const { pod, ...rest } = change
  const list = Array.isArray(parameters)
    ? (parameters as readonly Parameter[])
    : Object.entries(parameters).map(([key, value]) => ({ name: key, value: value as string }))
  return {
    key: `default/${name}`,
    provider,
    parameters: list,
    set: { apiVersion: 'game.kruise.io/v1alpha1', kind: 'GameServerSet', name: 'rooms', uid: 'set-1' },
    selector: { 'statefulset.kubernetes.io/pod-name': name },
    backend: { uid: `pod-${name}`, name, ready: true, podIPs: ['10.0.0.5'], node: 'node-1', hostPorts: [], ...pod },
    disabled: false,
    changing: [],
    ...rest,
  }
}

const signal = new AbortController().signal

/** Reconciles until nothing more is to be written, with the watch and the cloud keeping up. */
export async function bring(cluster: FakeCluster, engine: AddressEngine, claim: Claim): Promise<ClaimStatus> {
  await engine.reconcile(claim, signal)
  cluster.deliver()
  cluster.settle()
  return engine.reconcile(claim, signal)
}

/** The Service of a server; throws when there is none. */
export function serviceOf(cluster: FakeCluster, name: string): Service {
  const service = cluster.services.get(`default/${name}`)
  if (service === undefined) throw new Error(`no Service for ${name}`)
  return service
}

/** `550/TCP` for every port of a server's Service. */
export function portsOf(cluster: FakeCluster, name: string): string[] {
  return (serviceOf(cluster, name).spec?.ports ?? []).map(({ port, protocol }) => `${port}/${protocol}`)
}
