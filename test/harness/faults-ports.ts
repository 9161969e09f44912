import type { PlainApi } from './faults-api.ts'

interface Held {
  metadata: {
    name: string
    namespace: string
    uid: string
    creationTimestamp: string
    deletionTimestamp?: string
    annotations?: Record<string, string>
  }
}

interface ServiceObject extends Held {
  spec: { ports?: { port: number; protocol?: string; nodePort?: number }[] }
}

interface PodObject extends Held {
  spec: { nodeName?: string; containers: { ports?: { hostPort?: number; protocol?: string }[] }[] }
  status?: { phase?: string }
}

const idAnnotations = ['service.beta.kubernetes.io/volcengine-loadbalancer-id', 'kubernetes.io/elb.id']

/** Ports a Service has as long as it exists, on its way out as well: `clb-a:550/TCP`, `nodePort:30086/TCP`. */
function portsOfService({ metadata, spec }: ServiceObject): string[] {
  const id = idAnnotations.map(key => metadata.annotations?.[key]).find(value => value !== undefined)
  return (spec.ports ?? []).flatMap(({ port, protocol = 'TCP', nodePort }) => [
    ...(id === undefined ? [] : [`${id}:${port}/${protocol}`]),
    ...(nodePort ? [`nodePort:${nodePort}/${protocol}`] : []),
  ])
}

/** Host ports of a pod that runs or is about to. */
function portsOfPod({ spec, status }: PodObject): string[] {
  const { nodeName } = spec
  if (!nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return []
  const ports = spec.containers.flatMap(container => container.ports ?? [])
  return ports.flatMap(({ hostPort, protocol = 'TCP' }) => (hostPort ? [`${nodeName}:${hostPort}/${protocol}`] : []))
}

/** Who holds which port, change by change; remembers whenever one was held twice. */
class Holders<T extends Held> {
  readonly violations: string[] = []
  readonly #portsOf: (object: T) => string[]
  readonly #held = new Map<string, { name: string; ports: readonly string[] }>()
  readonly #holders = new Map<string, Set<string>>()

  constructor(portsOf: (object: T) => string[]) {
    this.#portsOf = portsOf
  }

  replace(objects: readonly T[]): void {
    this.#held.clear()
    this.#holders.clear()
    for (const object of objects) this.apply(object)
  }

  apply(object: T): void {
    const { uid, namespace, name } = object.metadata
    this.remove(uid)
    const ports = this.#portsOf(object)
    this.#held.set(uid, { name: `${namespace}/${name} (${uid})`, ports })
    for (const port of ports) {
      const holders = this.#holders.get(port) ?? new Set()
      this.#holders.set(port, holders.add(uid))
      if (holders.size > 1) this.violations.push(`${port} is held by ${[...holders].map(id => this.#held.get(id)?.name).join(' and ')}`)
    }
  }

  remove(uid: string): void {
    for (const port of this.#held.get(uid)?.ports ?? []) this.#holders.get(port)?.delete(uid)
    this.#held.delete(uid)
  }
}

/**
 * Watches every Service and pod, over restarts of the cluster: a port of a load balancer, a node port and a host port of a node
 * belong to one object at a time.
 */
export class PortWatch {
  readonly #services = new Holders<ServiceObject>(portsOfService)
  readonly #pods = new Holders<PodObject>(portsOfPod)

  get violations(): readonly string[] {
    return [...this.#services.violations, ...this.#pods.violations]
  }

  async follow(api: PlainApi): Promise<Disposable> {
    const watches = new DisposableStack()
    const begin = async <T extends Held>(path: string, holders: Holders<T>): Promise<void> => {
      const { items, version } = await api.list<T>(path)
      holders.replace(items)
      watches.use(
        api.watch<T>(path, version, ({ type, object }) => {
          if (type === 'DELETED') holders.remove(object.metadata.uid)
          else if (type === 'ADDED' || type === 'MODIFIED') holders.apply(object)
        }),
      )
    }
    await begin('/api/v1/services', this.#services)
    await begin('/api/v1/pods', this.#pods)
    return watches
  }
}
