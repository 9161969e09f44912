import type { Container, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { milliValue, parseQuantity, wholeValue } from '../../../schema/quantity.ts'

/** Amounts by resource name: CPU in thousandths, everything else in whole units (bytes, pieces). */
export type Amounts = ReadonlyMap<string, number>

/** A port that a pod takes on its node: TCP and UDP apart; `0.0.0.0` is every address. */
export interface HostPort {
  readonly protocol: string
  readonly ip: string
  readonly port: number
}

/** What a pod takes from the node it runs on. */
export interface PodDemand {
  readonly requests: Amounts
  readonly hostPorts: readonly HostPort[]
}

type Quantities = DeepReadonly<Record<string, string | number>> | undefined

/** The same few texts come again and again. */
const parsed = new Map<string, number>()
const parsedLimit = 1000

/** A quantity in the unit of {@link Amounts}; what cannot be read counts as nothing (the API server refuses it). */
export function amountOf(resource: string, quantity: string | number): number {
  const key = `${resource === 'cpu' ? 'm' : ''}${quantity}`
  let value = parsed.get(key)
  if (value === undefined) {
    const exact = parseQuantity(quantity)
    value = exact === undefined ? 0 : resource === 'cpu' ? milliValue(exact) : wholeValue(exact)
    if (parsed.size >= parsedLimit) parsed.clear()
    parsed.set(key, value)
  }
  return value
}

function add(to: Map<string, number>, quantities: Quantities): void {
  for (const [resource, quantity] of Object.entries(quantities ?? {}))
    to.set(resource, (to.get(resource) ?? 0) + amountOf(resource, quantity))
}

function raise(to: Map<string, number>, by: Amounts): void {
  for (const [resource, amount] of by) to.set(resource, Math.max(to.get(resource) ?? 0, amount))
}

/**
 * The requests that count for scheduling: containers and restartable init containers together, or what one init container
 * needs beside the restartable ones before it, whichever is more; plus overhead; pod-level requests win.
 * Contract: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
function requestsOf(pod: DeepReadonly<Pod>): Amounts {
  const total = new Map<string, number>()
  for (const container of pod.spec?.containers ?? []) add(total, container.resources?.requests)
  const sidecars = new Map<string, number>()
  const peak = new Map<string, number>()
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      add(total, container.resources?.requests)
      add(sidecars, container.resources?.requests)
      raise(peak, sidecars)
    } else {
      const together = new Map(sidecars)
      add(together, container.resources?.requests)
      raise(peak, together)
    }
  }
  raise(total, peak)
  for (const [resource, quantity] of Object.entries(pod.spec?.resources?.requests ?? {})) total.set(resource, amountOf(resource, quantity))
  add(total, pod.spec?.overhead)
  return total
}

function hostPortsOf(pod: DeepReadonly<Pod>): HostPort[] {
  const hostNetwork = pod.spec?.hostNetwork === true
  const ports = (container: DeepReadonly<Container>): HostPort[] =>
    (container.ports ?? []).flatMap(({ hostPort, containerPort, hostIP, protocol = 'TCP' }) => {
      const port = hostPort ?? (hostNetwork ? containerPort : 0)
      return port === 0 ? [] : [{ protocol, ip: hostIP === undefined || hostIP === '' ? '0.0.0.0' : hostIP, port }]
    })
  const sidecars = (pod.spec?.initContainers ?? []).filter(container => container.restartPolicy === 'Always')
  return [...(pod.spec?.containers ?? []), ...sidecars].flatMap(ports)
}

/** Reads what a pod demands. */
export function podDemand(pod: DeepReadonly<Pod>): PodDemand {
  return { requests: requestsOf(pod), hostPorts: hostPortsOf(pod) }
}
