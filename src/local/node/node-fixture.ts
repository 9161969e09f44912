import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cache } from '../../kube/cache.ts'
import type { EventRecorder } from '../../kube/event-recorder.ts'
import { RestClient } from '../../kube/rest-client.ts'
import { pods, serviceaccounts } from '../../apis/core/resources.generated.ts'
import type { PodSpec } from '../../apis/core/types.generated.ts'
import { type ApiServer, createApiServer } from '../apiserver/server.ts'
import { hostPlan } from '../host-plan.ts'
import { FakeRuntime } from './fake-runtime.ts'
import { createNode, type Node } from './node.ts'
import type { PodObject } from './pods/container-state.ts'

const namespace = 'default'
/** Shorter than a test may take, so that what was waited for is told. */
const patienceMs = 8_000
export const plan = hostPlan(0)

/** A node without processes on an API server of its own, with one pod `default/p`: for tests. */
export class NodeFixture implements AsyncDisposable {
  readonly runtime = new FakeRuntime()
  /** What was told about pods: `Type Reason: message`. */
  readonly events: string[] = []
  readonly client: RestClient
  readonly #api: ApiServer
  readonly #cache: Cache
  readonly #stateDir: string
  readonly #writes: { status: number }
  node: Node | undefined

  private constructor(api: ApiServer, stateDir: string, writes: { status: number }) {
    this.#api = api
    this.#stateDir = stateDir
    this.#writes = writes
    this.client = new RestClient({ transport: api.transport() })
    this.#cache = new Cache({ client: this.client })
  }

  static async start(): Promise<NodeFixture> {
    const writes = { status: 0 }
    const api = await createApiServer({
      plan,
      onRequest: ({ verb, resource, subresource }) => {
        if (verb === 'PATCH' && resource === 'pods' && subresource === 'status') writes.status += 1
      },
    })
    const fixture = new NodeFixture(api, await mkdtemp(join(tmpdir(), 'node-')), writes)
    await fixture.client.create(serviceaccounts, { metadata: { name: 'default', namespace } })
    await fixture.startNode()
    return fixture
  }

  /** Writes of pods' status so far. */
  get statusWrites(): number {
    return this.#writes.status
  }

  get streams(): Node['streams'] {
    if (this.node === undefined) throw new Error('the node is down')
    return this.node.streams
  }

  async startNode(): Promise<void> {
    const recorder: EventRecorder = {
      event: (_subject, type, reason, message) => void this.events.push(`${type} ${reason}: ${message}`),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    this.node = await createNode({
      client: this.client,
      cache: this.#cache,
      name: 'n0',
      plan,
      index: 0,
      runtime: this.runtime,
      images: this.runtime,
      stateDir: this.#stateDir,
      apiServer: { url: 'https://10.192.0.1:443', ca: 'CA' },
      recorder,
      backOff: { baseMs: 30, maxMs: 60, resetMs: 600_000 },
      shutdownGraceMs: 50,
    })
  }

  async stopNode(): Promise<void> {
    await this.node?.[Symbol.asyncDispose]()
    this.node = undefined
  }

  create(spec: Partial<PodSpec>, annotations: Record<string, string> = {}) {
    return this.client.create(pods, {
      metadata: { name: 'p', namespace, annotations },
      spec: { nodeName: 'n0', containers: [{ name: 'main', image: 'm:1' }], ...spec },
    })
  }

  patch(body: unknown) {
    return this.client.patch(pods, { namespace, name: 'p' }, body, { type: 'strategic' })
  }

  /** Asks for the deletion of the pod and waits until it is gone. */
  async delete(): Promise<void> {
    await this.client.delete(pods, { namespace, name: 'p' })
    await this.untilGone()
  }

  async untilGone(): Promise<void> {
    await this.#untilStored(pod => pod === undefined)
  }

  /** Waits until the stored pod satisfies the condition, and gives it. */
  async until(holds: (pod: PodObject) => boolean): Promise<PodObject> {
    return (await this.#untilStored(pod => pod !== undefined && holds(pod))) as PodObject
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopNode()
    await this.#cache[Symbol.asyncDispose]()
    await this.client[Symbol.asyncDispose]()
    await this.#api[Symbol.asyncDispose]()
    await rm(this.#stateDir, { recursive: true, force: true })
  }

  async #untilStored(holds: (pod: PodObject | undefined) => boolean): Promise<PodObject | undefined> {
    const found = Promise.withResolvers<PodObject | undefined>()
    const store = this.#cache.store(pods)
    const look = (): void => {
      const pod = store.get(`${namespace}/p`)
      if (holds(pod)) found.resolve(pod)
    }
    using _subscription = store.subscribe({ added: look, updated: look, deleted: look })
    look()
    const timeout = setTimeout(
      () => found.reject(new Error(`waited in vain: ${JSON.stringify(store.get(`${namespace}/p`)?.status)}`)),
      patienceMs,
    )
    return await found.promise.finally(() => clearTimeout(timeout))
  }
}

export const isReady = (pod: PodObject): boolean =>
  pod.status?.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') === true

export const statusOf = (pod: PodObject, name: string) =>
  [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].find(status => status.name === name)
