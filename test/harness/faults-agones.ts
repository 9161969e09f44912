import { setTimeout as sleep } from 'node:timers/promises'
import type { PlainApi } from './faults-api.ts'
import type { Plane } from './faults-plane.ts'
import type { SeededRandom } from './faults-random.ts'
import type { Trial } from './faults-survive.ts'
import { operation, type Operation } from './faults-world.ts'

interface Owned {
  metadata: {
    name: string
    namespace: string
    uid: string
    resourceVersion: string
    deletionTimestamp?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: { kind: string; name: string; uid: string }[]
  }
}
interface Server extends Owned {
  spec: { template: { spec: { containers: { image: string }[] } } }
  status?: { state: string; address: string; nodeName: string; ports: { port: number }[] | null }
}
interface Pod extends Owned {
  spec: { containers: { name: string; image: string }[] }
  status: { containerStatuses?: { name: string; restartCount: number }[] }
}
interface Counts {
  replicas?: number
  readyReplicas?: number
  allocatedReplicas?: number
}
interface Counted extends Owned {
  spec: { replicas: number }
  status?: Counts
}

const strategies = ['RollingUpdate', 'InPlaceIfPossible', 'Recreate'] as const
type Strategy = (typeof strategies)[number]

/** What has to come of a Fleet. */
interface FleetModel {
  readonly strategy: Strategy
  replicas: number
  version: number
}

/** Somebody plays here and counts on it. */
interface Match {
  readonly id: string
  readonly name: string
  /** What must not change while it lasts. */
  readonly fingerprint: string
}

const group = '/apis/agones.dev/v1'
const requestId = 'berth.dev/request-id'
const jsonPatch = 'application/json-patch+json'
const mostMatches = 5
const must = (holds: boolean, what: () => string): void => {
  if (!holds) throw new Error(what())
}

/**
 * Fleets of every strategy, what users do to them, the games in their servers, and matchmakers that allocate, play and end matches all the
 * time. A matchmaker asks until it is answered, under the same id.
 */
export class AgonesWorld implements Trial, AsyncDisposable {
  readonly namespaces: readonly string[]
  /** Rules that must hold at every moment and did not. */
  readonly violations: string[] = []
  /** Matches that were played and ended. */
  ended = 0
  readonly #plane: Plane
  readonly #random: SeededRandom
  readonly #home: string
  readonly #fleets = new Map<string, FleetModel>()
  readonly #matches = new Map<string, Match>()
  readonly #end = new AbortController()
  readonly #loops: Promise<void>[]
  #paused = false
  #busy = 0

  constructor(plane: Plane, random: SeededRandom, options: { home: string; matchmakers: number }) {
    this.#plane = plane
    this.#random = random
    this.#home = options.home
    this.namespaces = [options.home]
    this.#loops = [this.#playGames(), ...Array.from({ length: options.matchmakers }, (_, index) => this.#makeMatches(index))]
  }

  /** Matches that are played now. */
  get playing(): number {
    return this.#matches.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await Promise.all(this.#loops)
  }

  describe(): string[] {
    return [...this.#fleets].map(([name, { strategy, replicas, version }]) => `(${name}: ${replicas} servers of v${version}, ${strategy})`)
  }

  plan(count: number): Operation[] {
    this.#paused = false
    const operations: Operation[] = []
    if (this.#fleets.size === 0) for (const strategy of strategies) operations.push(this.#create(strategy))
    while (operations.length < count) operations.push(this.#change())
    return operations
  }

  /** What players of every server, whether there are any or not, would notice of a change. */
  async fingerprints(): Promise<ReadonlyMap<string, string>> {
    const { api } = this.#plane
    const { items } = await api.list<Server>(`${group}/namespaces/${this.#home}/gameservers`)
    return new Map(await Promise.all(items.map(async ({ metadata: { name } }) => [name, await this.#look(api, name)] as const)))
  }

  async check(): Promise<() => void> {
    this.#paused = true
    must(this.violations.length === 0, () => this.violations.join('\n'))
    must(this.#plane.ports.violations.length === 0, () => this.#plane.ports.violations.join('\n'))
    must(this.#busy === 0, () => `${this.#busy} matchmakers wait for an answer`)
    const { api } = this.#plane
    const items = async <T extends Owned>(path: string): Promise<T[]> =>
      (await api.list<T>(path)).items.filter(({ metadata }) => metadata.namespace === this.#home)
    const [fleets, sets, servers, pods] = await Promise.all([
      items<Counted>(`${group}/fleets`),
      items<Counted>(`${group}/gameserversets`),
      items<Server>(`${group}/gameservers`),
      items<Pod>('/api/v1/pods'),
    ])
    checkOwners([...fleets, ...sets, ...servers, ...pods])
    for (const match of this.#matches.values()) {
      const server = servers.find(({ metadata }) => metadata.name === match.name)
      const pod = pods.find(({ metadata }) => metadata.name === match.name)
      must(
        fingerprintOf(server, pod) === match.fingerprint,
        () => `${match.name} is ${fingerprintOf(server, pod)}, was ${match.fingerprint}`,
      )
    }
    checkPorts(servers)
    for (const [name, model] of this.#fleets) this.#checkFleet(name, model, { fleets, sets, servers, pods })
    const wanted = servers.map(({ metadata }) => metadata.name).toSorted()
    const has = pods.map(({ metadata }) => metadata.name).toSorted()
    must(has.join() === wanted.join(), () => `pods ${has.join()}, servers ${wanted.join()}`)
    return () => {}
  }

  #checkFleet(
    name: string,
    { replicas, version, strategy }: FleetModel,
    all: { fleets: readonly Counted[]; sets: readonly Counted[]; servers: readonly Server[]; pods: readonly Pod[] },
  ): void {
    const ofFleet = ({ metadata }: Owned): boolean => metadata.labels?.['agones.dev/fleet'] === name
    const fleet = all.fleets.find(({ metadata }) => metadata.name === name)
    const servers = all.servers.filter(ofFleet)
    const sets = all.sets.filter(ofFleet)
    const inUse = servers.filter(({ metadata }) => this.#matches.has(metadata.name))
    const states = servers.map(({ status }) => status?.state ?? '').toSorted()
    const ready = Math.max(0, replicas - inUse.length)
    const wanted = [...inUse.map(() => 'Allocated'), ...Array.from({ length: ready }, () => 'Ready')]
    must(fleet?.spec.replicas === replicas, () => `${name} wants ${fleet?.spec.replicas}, not ${replicas}`)
    must(states.join() === wanted.join(), () => `${name} is [${states.join()}], wanted [${wanted.join()}]`)
    for (const server of servers.filter(({ metadata }) => !this.#matches.has(metadata.name))) {
      const images = [server, all.pods.find(({ metadata }) => metadata.name === server.metadata.name)].map(imageOf)
      must(
        images.every(image => image === imageFor(version)),
        () => `${server.metadata.name} has ${images.join(' and ')}, not v${version}`,
      )
    }
    const counts = { replicas: servers.length, readyReplicas: ready, allocatedReplicas: inUse.length }
    const say = () =>
      [fleet, ...sets].map(one => `${one?.metadata.name} ${JSON.stringify(one?.status)} of ${one?.metadata.resourceVersion}`).join('; ')
    const total = (of: keyof Counts) => sets.reduce((sum, { status }) => sum + (status?.[of] ?? 0), 0)
    for (const key of ['replicas', 'readyReplicas', 'allocatedReplicas'] as const) {
      must(
        (fleet?.status?.[key] ?? 0) === counts[key],
        () => `${name} says ${key} ${fleet?.status?.[key]}, there are ${counts[key]}: ${say()}`,
      )
      must(total(key) === counts[key], () => `the sets of ${name} say ${key} ${total(key)}, there are ${counts[key]}: ${say()}`)
    }
    // Old sets live as long as somebody plays in them; where servers change in place there is one for all.
    const needed = new Set(servers.map(({ metadata }) => metadata.labels?.['agones.dev/gameserverset']))
    const spare = sets.filter(({ metadata }) => !needed.has(metadata.name))
    must(spare.length <= 1, () => `${name} has ${spare.length} sets without servers`)
    if (strategy === 'InPlaceIfPossible') must(sets.length === 1, () => `${name} has ${sets.length} sets`)
  }

  #create(strategy: Strategy): Operation {
    const name = strategy.toLowerCase()
    const model = { strategy, replicas: this.#random.between(2, 5), version: 1 }
    this.#fleets.set(name, model)
    const rollingUpdate = { maxSurge: this.#random.pick([1, 2, '50%']), maxUnavailable: this.#random.pick([1, 2, '50%']) }
    return operation(`create ${name}: ${model.replicas} servers`, 'POST', `${group}/namespaces/${this.#home}/fleets`, [201, 409], {
      apiVersion: 'agones.dev/v1',
      kind: 'Fleet',
      metadata: { name, namespace: this.#home },
      spec: {
        replicas: model.replicas,
        scheduling: this.#random.pick(['Packed', 'Distributed']),
        strategy: { type: strategy, ...(strategy !== 'Recreate' && { rollingUpdate }) },
        template: {
          spec: { ports: [{ name: 'default', containerPort: 7654, protocol: this.#random.pick(['UDP', 'TCPUDP']) }], ...templateOf(1) },
        },
      },
    })
  }

  #change(): Operation {
    const random = this.#random
    const [name, model] = random.pick([...this.#fleets])
    const path = `${group}/namespaces/${this.#home}/fleets/${name}`
    if (random.chance(0.5)) {
      model.replicas = random.between(0, 6)
      return operation(`scale ${name} to ${model.replicas}`, 'PATCH', path, [200], { spec: { replicas: model.replicas } })
    }
    if (random.chance(0.7)) {
      model.version += 1
      return operation(`v${model.version} of ${name}`, 'PATCH', path, [200], { spec: { template: { spec: templateOf(model.version) } } })
    }
    return { text: `a game of ${name} dies`, run: api => this.#letDie(api, name) }
  }

  /** One that nobody plays, in one step: who is allocated meanwhile stays. */
  async #letDie(api: PlainApi, fleet: string): Promise<void> {
    const { items } = await api.list<Server>(`${group}/namespaces/${this.#home}/gameservers`)
    const server = items.find(({ metadata, status }) => metadata.labels?.['agones.dev/fleet'] === fleet && status?.state === 'Ready')
    if (server !== undefined) await this.#say(api, server.metadata.name, 'Unhealthy', [['/status/state', 'Ready']])
  }

  /** As a sidecar says it. Gives whether the server was as expected. */
  async #say(api: PlainApi, name: string, state: string, expected: readonly (readonly [string, string])[]): Promise<boolean> {
    const steps = [
      ...expected.map(([path, value]) => ({ op: 'test', path, value })),
      { op: 'replace', path: '/status/state', value: state },
    ]
    const { code } = await api.send('PATCH', this.#path(name), steps, jsonPatch)
    if (code >= 500 || code === 429 || code === 401) throw new Error(`${state} of ${name}: ${code}`)
    return code === 200
  }

  #path(server: string): string {
    return `${group}/namespaces/${this.#home}/gameservers/${server}`
  }

  /** Whatever is Scheduled says that it is ready. */
  async #playGames(): Promise<void> {
    await this.#forever(120, async () => {
      const { api } = this.#plane
      const { items } = await api.list<Server>(`${group}/namespaces/${this.#home}/gameservers`)
      for (const { metadata, status } of items)
        if (status?.state === 'Scheduled')
          await this.#say(api, metadata.name, 'RequestReady', [['/metadata/resourceVersion', metadata.resourceVersion]])
    })
  }

  async #makeMatches(matchmaker: number): Promise<void> {
    let made = 0
    await this.#forever(0, async () => {
      await this.#sleep(20 + Math.random() * 250)
      if (this.#paused || this.#fleets.size === 0) return
      this.#busy += 1
      try {
        const own = [...this.#matches.values()].filter(({ id }) => id.startsWith(`${matchmaker}-`))
        const [oldest] = own
        if (oldest !== undefined && (this.#matches.size >= mostMatches || Math.random() < 0.4)) await this.#endMatch(oldest)
        else await this.#makeMatch(`${matchmaker}-${(made += 1)}`)
      } finally {
        this.#busy -= 1
      }
    })
  }

  async #makeMatch(id: string): Promise<void> {
    const fleet = [...this.#fleets.keys()][Math.floor(Math.random() * this.#fleets.size)] ?? ''
    const name = await this.#untilAnswered(async api => {
      const answer = await api.send<{ status: { state: string; gameServerName: string } }>(
        'POST',
        `/apis/allocation.agones.dev/v1/namespaces/${this.#home}/gameserverallocations`,
        {
          apiVersion: 'allocation.agones.dev/v1',
          kind: 'GameServerAllocation',
          metadata: { annotations: { [requestId]: id } },
          spec: { selectors: [{ matchLabels: { 'agones.dev/fleet': fleet } }] },
        },
      )
      if (answer.code !== 201) throw new Error(`allocation: ${answer.code}`)
      const { state, gameServerName } = answer.body.status
      return state === 'Allocated' ? gameServerName : ''
    })
    if (!name) return
    const other = this.#matches.get(name)
    if (other !== undefined) this.violations.push(`${name} was given to ${other.id} and ${id}`)
    // Before anything else is asked: from now on it counts as played.
    this.#matches.set(name, { id, name, fingerprint: '' })
    const fingerprint = await this.#untilAnswered(api => this.#look(api, name))
    if (fingerprint === undefined) return
    if (fingerprint.endsWith('gone') || !fingerprint.includes(' Allocated ')) this.violations.push(`${id} got ${name}: ${fingerprint}`)
    this.#matches.set(name, { id, name, fingerprint })
  }

  async #endMatch({ id, name, fingerprint }: Match): Promise<void> {
    const now = await this.#untilAnswered(api => this.#look(api, name))
    if (now === undefined) return
    if (now !== fingerprint) this.violations.push(`${id} played on ${name}: ${now}, was ${fingerprint}`)
    this.#matches.delete(name)
    this.ended += 1
    // Most servers end with their match, some wait for the next one. Whoever has it by then is not disturbed by a second try.
    const state = Math.random() < 0.7 ? 'Shutdown' : 'RequestReady'
    await this.#untilAnswered(async api => {
      await this.#say(api, name, state, [
        ['/status/state', 'Allocated'],
        ['/metadata/annotations/berth.dev~1request-id', id],
      ])
      return true
    })
  }

  async #look(api: PlainApi, name: string): Promise<string> {
    const find = async <T>(path: string): Promise<T | undefined> => {
      const { code, body } = await api.send<T>('GET', path)
      if (code !== 200 && code !== 404) throw new Error(`GET ${path}: ${code}`)
      return code === 200 ? body : undefined
    }
    const [server, pod] = [await find<Server>(this.#path(name)), await find<Pod>(`/api/v1/namespaces/${this.#home}/pods/${name}`)]
    return fingerprintOf(server, pod)
  }

  /** Undefined when everything ends. */
  async #untilAnswered<T>(ask: (api: PlainApi) => Promise<T>): Promise<T | undefined> {
    while (!this.#end.signal.aborted) {
      try {
        return await ask(this.#plane.api)
      } catch {
        await this.#sleep(100)
      }
    }
    return undefined
  }

  async #forever(everyMs: number, work: () => Promise<void>): Promise<void> {
    while (!this.#end.signal.aborted) {
      // Of an API server that is just away.
      await work().catch(() => undefined)
      await this.#sleep(everyMs)
    }
  }

  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#end.signal }).catch(() => undefined)
  }
}

const imageFor = (version: number): string => `registry.example.com/demo/game:v${version}`
const templateOf = (version: number): object => ({ template: { spec: { containers: [{ name: 'game', image: imageFor(version) }] } } })

function imageOf(object: Server | Pod | undefined): string {
  const containers = object === undefined ? [] : 'template' in object.spec ? object.spec.template.spec.containers : object.spec.containers
  return containers[0]?.image ?? 'nothing'
}

/** What somebody who plays would notice. */
function fingerprintOf(server: Server | undefined, pod: Pod | undefined): string {
  if (server === undefined || pod === undefined) return `${server === undefined ? 'server' : 'pod'} gone`
  const { status, metadata } = server
  const restarts = pod.status.containerStatuses?.find(({ name }) => name === 'game')?.restartCount
  const leaving = metadata.deletionTimestamp !== undefined || pod.metadata.deletionTimestamp !== undefined
  const at = `${status?.nodeName} ${status?.address}:${status?.ports?.map(({ port }) => port).join('+')}`
  return `${metadata.uid} ${leaving ? 'leaving' : status?.state} at ${at} in ${pod.metadata.uid} with ${imageOf(pod)}, ${restarts} restarts`
}

function checkOwners(all: readonly Owned[]): void {
  const uids = new Set(all.map(({ metadata }) => metadata.uid))
  for (const { metadata } of all) {
    const owner = metadata.ownerReferences?.[0]
    must(owner === undefined || uids.has(owner.uid), () => `orphan: ${metadata.name} of ${owner?.kind} ${owner?.name}`)
  }
}

/** No two servers tell players the same address. */
function checkPorts(servers: readonly Server[]): void {
  const told = servers.flatMap(({ metadata, status }) =>
    [...new Set((status?.ports ?? []).map(({ port }) => port))].map(port => ({ at: `${status?.address}:${port}`, name: metadata.name })),
  )
  for (const [at, all] of Map.groupBy(told, one => one.at))
    must(all.length === 1, () => `${at} is told by ${all.map(({ name }) => name).join(' and ')}`)
}
