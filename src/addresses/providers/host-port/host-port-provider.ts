import type { Node } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { protocolsOf } from '../../allocate/choose-ports.ts'
import { bound, standing } from '../../claim-state.ts'
import type { PodPorts, PodPreparation } from '../../engine.ts'
import type { HostPorts } from '../../host-ports.ts'
import type { Ask, Backend, Claim, ClaimStatus, Endpoint } from '../../model.ts'
import { describeRange } from '../../port-range.ts'
import type { ProviderConfig } from '../../provider-config.ts'
import { nodeAddress } from '../node-address.ts'
import type { AddressProvider } from '../provider.ts'
import { parseContainerPorts } from './container-ports.ts'

export const hostPortProviderName = 'Kubernetes-HostPort'

export interface HostPortProviderOptions {
  readonly hostPorts: HostPorts
  readonly config: ProviderConfig
  readonly nodeOf: (name: string) => DeepReadonly<Node> | undefined
}

/** Holder of host ports that were given to a pod which is not seen yet. */
export function preparationOf(claimKey: string): string {
  return `pod of ${claimKey}`
}

/**
 * Ports of the node itself, written into the pod's spec before it is created. New ports with every pod; traffic cannot be switched off.
 */
export class HostPortProvider implements AddressProvider {
  readonly name = hostPortProviderName
  readonly #options: HostPortProviderOptions
  readonly #prepared = new Map<string, PodPreparation>()

  constructor(options: HostPortProviderOptions) {
    this.#options = options
  }

  prepare(claim: Claim): PodPreparation {
    const { hostPorts, config } = this.#options
    const earlier = this.#prepared.get(claim.key)
    if (earlier !== undefined) return earlier
    const parsed = parseContainerPorts(claim.parameters)
    if (!parsed.ok) return { ok: false, reason: 'InvalidParameters', message: parsed.problems.map(problem => problem.message).join('; ') }
    const range = config.ranges['kubernetes.hostPort']
    if (range === undefined)
      return { ok: false, reason: 'ProviderOff', message: config.off['kubernetes.hostPort'] ?? 'host ports are switched off' }
    const numbers = hostPorts.give(
      preparationOf(claim.key),
      parsed.asks.map(({ protocol }) => ({ protocol, range })),
    )
    if (numbers === undefined) {
      return {
        ok: false,
        reason: 'NoFreePorts',
        message: `${parsed.asks.length} host ports are needed, the range is ${describeRange(range)}`,
      }
    }
    const preparation: PodPreparation = { ok: true, ports: byContainer(parsed.asks, numbers) }
    this.#prepared.set(claim.key, preparation)
    return preparation
  }

  /** The pod is there, or never will be. */
  forget(claimKey: string): void {
    if (!this.#prepared.delete(claimKey)) return
    this.#options.hostPorts.release(preparationOf(claimKey))
  }

  reconcile(claim: Claim): Promise<ClaimStatus> {
    return Promise.resolve(this.#look(claim))
  }

  #look({ parameters, backend }: Claim): ClaimStatus {
    const { nodeOf } = this.#options
    const parsed = parseContainerPorts(parameters)
    if (!parsed.ok) return standing('InvalidParameters', parsed.problems.map(problem => problem.message).join('; '))
    if (backend === undefined) return standing('NoBackend', 'there is no pod')
    if (backend.node === undefined) return standing('Unscheduled', 'the pod has no node yet')
    const node = nodeOf(backend.node)
    if (node === undefined) return standing('NodeNotFound', `node ${backend.node} is not known`)
    const address = nodeAddress(node)
    if (address === undefined) return standing('NoNodeAddress', `node ${backend.node} has no address`)
    const containers = new Set(parsed.asks.map(ask => ask.container))
    const ports = backend.hostPorts.filter(port => containers.has(port.container))
    if (ports.length === 0) return standing('NoHostPorts', 'the pod has none of the host ports asked for; delete it to get a new one')
    const podIP = backend.podIPs[0]
    if (podIP === undefined) return standing('NoPodIP', 'the pod has no IP yet')
    return bound(ports.flatMap(port => endpointsOf(port, podIP, address, backend.node ?? '')))
  }
}

function byContainer(asks: readonly Ask[], numbers: readonly number[]): PodPorts[] {
  const containers = new Map<string, PodPorts['ports'][number][]>()
  for (const [at, ask] of asks.entries()) {
    const hostPort = numbers[at] ?? 0
    const ports = containers.get(ask.container ?? '') ?? []
    for (const protocol of protocolsOf(ask.protocol)) {
      ports.push({ containerPort: ask.sameAsHost === true ? hostPort : ask.containerPort, hostPort, protocol })
    }
    containers.set(ask.container ?? '', ports)
  }
  return [...containers].map(([container, ports]) => ({ container, ports }))
}

function endpointsOf(port: Backend['hostPorts'][number], podIP: string, nodeIP: string, node: string): Endpoint[] {
  const { container, containerPort, protocol } = port
  const same = { ask: `${container}-${containerPort}`, containerPort, protocol }
  return [
    { ...same, ip: podIP, port: containerPort, scope: 'internal', pool: '' },
    { ...same, ip: nodeIP, port: port.hostPort, scope: 'external', pool: node },
  ]
}
