import type { Service, ServicePort, ServiceSpec } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import type { HostPlan } from '../../host-plan.ts'
import type { Draft } from '../registry.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import type { CommitStep } from '../rest/object-writer.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { inNetwork } from './service-network.ts'

const firstNodePort = 30_000
const lastNodePort = 32_767
/** Ports below this are left to those who ask for a number, as Kubernetes does, until the others are used up. */
const firstDynamicNodePort = firstNodePort + 86
const addresses = 60_000

const specOf = (object: StoredObject): DeepReadonly<ServiceSpec> => (object as unknown as DeepReadonly<Service>).spec ?? {}
const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, value, detail })

/**
 * Gives Services their cluster IPs and node ports. What is taken is read off the stored Services themselves, write by write, so it is right
 * after a restart and a number is free in the moment its Service is gone.
 */
export class ServiceAllocator implements CommitStep {
  readonly #network: HostPlan['serviceNetwork']
  readonly #holderOfIp = new Map<string, string>()
  readonly #holderOfPort = new Map<number, string>()
  #nextIp = 1
  #nextPort = firstDynamicNodePort

  constructor(storage: Storage, network: HostPlan['serviceNetwork']) {
    this.#network = network
    for (const service of storage.collection('services').list()) this.#take(service)
    storage.onCommit((collection, { type, object, previous }) => {
      if (collection !== 'services') return
      if (previous !== undefined) this.#free(previous)
      if (type !== 'DELETED') this.#take(object)
    })
  }

  concerns({ collection }: ServedResource): boolean {
    return collection === 'services'
  }

  beforeCommit(draft: Draft, old: StoredObject | undefined): FieldError[] {
    const { spec } = draft as unknown as Service
    if (spec === undefined || spec === old?.['spec']) return []
    const errors = this.#address(spec, draft.metadata.uid)
    if (errors.length === 0) errors.push(...this.#ports(spec, draft.metadata.uid))
    return errors
  }

  #address(spec: ServiceSpec, uid: string): FieldError[] {
    if (spec.type === 'ExternalName') return []
    if (spec.clusterIP === undefined || spec.clusterIP === '') spec.clusterIP = spec.clusterIPs?.[0] ?? this.#freeIp()
    spec.clusterIPs = [spec.clusterIP]
    const ip = spec.clusterIP
    if (ip === 'None') return []
    const holder = this.#holderOfIp.get(ip)
    const failed = (why: string): FieldError[] => [invalid('spec.clusterIPs', [ip], `failed to allocate IP ${ip}: ${why}`)]
    if (!inNetwork(ip, this.#network)) {
      return failed('the provided network does not match the current range')
    }
    return holder === undefined || holder === uid ? [] : failed('provided IP is already allocated')
  }

  #ports(spec: ServiceSpec, uid: string): FieldError[] {
    const wantsPorts = spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
    const errors: FieldError[] = []
    const taken = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0))
    for (const [index, port] of (spec.ports ?? []).entries()) {
      const asked = port.nodePort ?? 0
      if (asked !== 0) errors.push(...this.#checkPort(`spec.ports[${index}].nodePort`, asked, uid))
      else if (wantsPorts) {
        const number = sharedNodePort(spec.ports ?? [], port) ?? this.#freePort(taken)
        if (number === undefined) errors.push(invalid(`spec.ports[${index}].nodePort`, 0, 'failed to allocate a nodePort: range is full'))
        else {
          port.nodePort = number
          taken.add(number)
        }
      }
    }
    const wantsCheck = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
    if (!wantsCheck) return errors
    const check = spec.healthCheckNodePort ?? 0
    if (check !== 0) errors.push(...this.#checkPort('spec.healthCheckNodePort', check, uid))
    else {
      const number = this.#freePort(taken)
      if (number !== undefined) spec.healthCheckNodePort = number
    }
    return errors
  }

  #checkPort(field: string, port: number, uid: string): FieldError[] {
    const holder = this.#holderOfPort.get(port)
    if (holder === uid) return []
    if (port < firstNodePort || port > lastNodePort) {
      return [invalid(field, port, `provided port is not in the valid range. The range of valid ports is ${firstNodePort}-${lastNodePort}`)]
    }
    return holder === undefined ? [] : [invalid(field, port, 'provided port is already allocated')]
  }

  /** Goes round the range, so that a number just given back is the last to be used again. */
  #freeIp(): string {
    for (let tries = 0; tries < addresses; tries += 1) {
      const ip = this.#network.ip(this.#nextIp)
      this.#nextIp = this.#nextIp + 1 < addresses ? this.#nextIp + 1 : 1
      if (!this.#holderOfIp.has(ip)) return ip
    }
    return ''
  }

  #freePort(alsoTaken: ReadonlySet<number>): number | undefined {
    const isFree = (port: number): boolean => !this.#holderOfPort.has(port) && !alsoTaken.has(port)
    for (let tries = firstDynamicNodePort; tries <= lastNodePort; tries += 1) {
      const port = this.#nextPort
      this.#nextPort = port < lastNodePort ? port + 1 : firstDynamicNodePort
      if (isFree(port)) return port
    }
    for (let port = firstNodePort; port < firstDynamicNodePort; port += 1) if (isFree(port)) return port
    return undefined
  }

  #take(service: StoredObject): void {
    const { uid } = service.metadata
    for (const ip of ipsOf(service)) this.#holderOfIp.set(ip, uid)
    for (const port of portsOf(service)) this.#holderOfPort.set(port, uid)
  }

  #free(service: StoredObject): void {
    const { uid } = service.metadata
    for (const ip of ipsOf(service)) if (this.#holderOfIp.get(ip) === uid) this.#holderOfIp.delete(ip)
    for (const port of portsOf(service)) if (this.#holderOfPort.get(port) === uid) this.#holderOfPort.delete(port)
  }
}

/** TCP and UDP on one service port share one node port, as in Kubernetes. */
function sharedNodePort(ports: readonly ServicePort[], wanting: ServicePort): number | undefined {
  const sibling = ports.find(
    port => port !== wanting && port.port === wanting.port && port.protocol !== wanting.protocol && (port.nodePort ?? 0) !== 0,
  )
  return sibling?.nodePort
}

function ipsOf(service: StoredObject): readonly string[] {
  return (specOf(service).clusterIPs ?? []).filter(ip => ip !== 'None' && ip !== '')
}

function portsOf(service: StoredObject): number[] {
  const { ports = [], healthCheckNodePort } = specOf(service)
  return [...ports.map(({ nodePort }) => nodePort ?? 0), healthCheckNodePort ?? 0].filter(port => port !== 0)
}
