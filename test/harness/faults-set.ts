import type { SeededRandom } from './faults-random.ts'

export type Network = 'none' | 'clb' | 'cce' | 'nodePort' | 'hostPort'
export type OpsState = 'None' | 'Allocated' | 'Maintaining' | 'WaitToBeDeleted'

/** A server as it was when everything had settled last. */
export interface KnownServer {
  readonly podUid: string
  readonly serverUid: string
  /** Load balancer id and ports of its Service, or its node ports. */
  readonly address: string | undefined
}

/** What a user wants of one server; gone with its GameServer. */
export interface Intent {
  opsState: OpsState
  disabled: boolean
  /** The sidecar's version by a directed change of this server alone. */
  side?: number
}

export const noIntent: Intent = { opsState: 'None', disabled: false }

const networks: Readonly<Record<Network, object | undefined>> = {
  none: undefined,
  clb: {
    networkType: 'Volcengine-CLB',
    networkConf: [
      { name: 'ClbIds', value: 'clb-one,clb-two' },
      { name: 'PortProtocols', value: '80/TCP,90/UDP' },
    ],
  },
  cce: {
    networkType: 'HwCloud-CCE-ELB',
    networkConf: [
      { name: 'PortProtocols', value: '80/TCP,7777/TCPUDP' },
      { name: 'kubernetes.io/elb.class', value: 'performance' },
      { name: 'kubernetes.io/elb.id', value: '8f4cf216-a659-40dc-8c77-d1e5c0ffee00' },
    ],
  },
  nodePort: { networkType: 'Kubernetes-NodePort', networkConf: [{ name: 'PortProtocols', value: '80/TCP' }] },
  hostPort: { networkType: 'Kubernetes-HostPort', networkConf: [{ name: 'ContainerPorts', value: 'game:80/TCP,90/UDP' }] },
}

/** Who leaves first has the higher rank. */
const rank: Readonly<Record<OpsState, number>> = { WaitToBeDeleted: 1, None: 0, Allocated: -1, Maintaining: -2 }

/** A GameServerSet as its user knows it: what was asked for, and what has to come of it. */
export class SetModel {
  readonly namespace: string
  readonly name: string
  readonly network: Network
  readonly fixed: boolean
  /** Reclaim policy Delete: GameServers outlive their pods. */
  readonly keeps: boolean
  readonly strategy: 'inPlace' | 'recreate' | 'onDelete'
  readonly image: (tag: string) => string
  replicas: number
  reserved: number[] = []
  side = 1
  readonly known = new Map<number, KnownServer>()
  readonly intents = new Map<number, Intent>()
  /** Addresses that belong to the slot: from the first time they were seen. */
  readonly slots = new Map<number, string>()
  /** Ids there may be while the controllers have not seen everything yet. */
  #reachable: readonly number[][]
  #latest: ((ids: readonly number[]) => number[]) | undefined
  /** Ids that may have existed at some time: of a Fixed set each may have left its Service, which goes with the set. */
  readonly ever = new Set<number>()
  /** Servers whose pods may be others than before, on the user's wish. */
  readonly replaced = new Set<number>()
  /** What this round has done to the ids so far. */
  touched: 'no' | 'scaled' | 'yes' = 'no'

  constructor(
    namespace: string,
    name: string,
    random: SeededRandom,
    image: (tag: string) => string,
    networks: readonly Network[] = ['none', 'clb', 'clb', 'cce', 'nodePort', 'hostPort'],
  ) {
    this.namespace = namespace
    this.name = name
    this.image = image
    this.network = random.pick(networks)
    this.fixed = random.chance(0.5) && ['clb', 'cce', 'nodePort'].includes(this.network)
    this.keeps = random.chance(0.4)
    this.strategy = random.pick(['inPlace', 'inPlace', 'recreate', 'onDelete'] as const)
    this.replicas = random.between(1, 4)
    const ids = [...Array(this.replicas).keys()]
    this.#reachable = [ids]
    for (const id of ids) this.ever.add(id)
  }

  get hasService(): boolean {
    return this.network !== 'none' && this.network !== 'hostPort'
  }

  /** For people who read what failed. */
  get traits(): string {
    return [this.network, this.strategy, this.fixed && 'Fixed', this.keeps && 'reclaim Delete'].filter(Boolean).join(', ')
  }

  get path(): string {
    return `/apis/game.kruise.io/v1alpha1/namespaces/${this.namespace}/gameserversets/${this.name}`
  }

  serverPath(id: number): string {
    return `/apis/game.kruise.io/v1alpha1/namespaces/${this.namespace}/gameservers/${this.name}-${id}`
  }

  podPath(id: number): string {
    return `/api/v1/namespaces/${this.namespace}/pods/${this.name}-${id}`
  }

  intent(id: number): Intent {
    return this.intents.get(id) ?? noIntent
  }

  wants(id: number, intent: Partial<Intent>): void {
    this.intents.set(id, { ...this.intent(id), ...intent })
  }

  /** The ids when everything has settled; several where it depends on what the controllers saw in between. */
  get ids(): readonly number[][] {
    const { latest } = this
    const all = latest === undefined ? this.#reachable : this.#reachable.map(latest)
    return [...new Map(all.map(ids => [ids.join(','), ids])).values()]
  }

  get latest(): ((ids: readonly number[]) => number[]) | undefined {
    return this.#latest
  }

  /** The user changed what decides the ids. */
  change(latest: (ids: readonly number[]) => number[]): void {
    this.#reachable = [...this.#reachable, ...this.#reachable.map(latest)]
    this.#latest = latest
    for (const id of this.#reachable.flat()) this.ever.add(id)
    for (const id of this.known.keys()) if (this.#reachable.some(ids => !ids.includes(id))) this.replaced.add(id)
  }

  /** Ids by the rules: reserved ones go, the ranks say who leaves, the lowest free ones come. */
  resize(replicas: number, reserved: readonly number[]): void {
    this.replicas = replicas
    this.reserved = [...reserved]
    this.change(before => {
      const leaving = (a: number, b: number) => rank[this.intent(b).opsState] - rank[this.intent(a).opsState] || b - a
      const staying = before.filter(id => !reserved.includes(id)).toSorted(leaving)
      const ids = staying.slice(Math.max(0, staying.length - replicas))
      for (let next = 0; ids.length < replicas; next += 1) if (!ids.includes(next) && !reserved.includes(next)) ids.push(next)
      return ids.toSorted((a, b) => a - b)
    })
  }

  replace(ids: readonly number[]): void {
    for (const id of ids) {
      this.replaced.add(id)
      if (!this.keeps) this.intents.delete(id)
    }
  }

  /** Everything has come to rest with these servers. */
  settled(servers: ReadonlyMap<number, KnownServer>): void {
    this.#reachable = [[...servers.keys()].toSorted((a, b) => a - b)]
    this.#latest = undefined
    this.touched = 'no'
    this.replaced.clear()
    this.known.clear()
    for (const [id, server] of servers) {
      this.known.set(id, server)
      if (this.fixed && server.address !== undefined) this.slots.set(id, server.address)
    }
    for (const id of this.intents.keys()) if (!servers.has(id)) this.intents.delete(id)
  }

  manifest(): object {
    const { networkType, networkConf } = (networks[this.network] ?? {}) as { networkType?: string; networkConf?: object[] }
    const network = networkType && {
      network: { networkType, networkConf: [...(networkConf ?? []), ...(this.fixed ? [{ name: 'Fixed', value: 'true' }] : [])] },
    }
    const podUpdatePolicy = this.strategy === 'inPlace' ? 'InPlaceIfPossible' : 'ReCreate'
    return {
      apiVersion: 'game.kruise.io/v1alpha1',
      kind: 'GameServerSet',
      metadata: { name: this.name, namespace: this.namespace },
      spec: {
        replicas: this.replicas,
        reserveGameServerIds: this.reserved,
        // With `rollingUpdate` beside it OnDelete would not count.
        updateStrategy:
          this.strategy === 'onDelete' ? { type: 'OnDelete' } : { rollingUpdate: { podUpdatePolicy, maxUnavailable: '100%' } },
        ...network,
        gameServerTemplate: {
          ...(this.keeps && { reclaimPolicy: 'Delete' }),
          metadata: { labels: { app: this.name } },
          spec: { terminationGracePeriodSeconds: 1, containers: this.containers() },
        },
      },
    }
  }

  containers(): object[] {
    return [
      { name: 'game', image: this.image('v1') },
      { name: 'side', image: this.image(`v${this.side}`) },
    ]
  }
}
