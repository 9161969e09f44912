import type { Endpoints, EndpointSlice, Ingress, IngressClass, NetworkPolicy, Service } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { ageOf } from './age.ts'
import { labelsText, NONE, selectorText, shortList, UNSET } from './cell-text.ts'
import { cellsOf } from './cells.ts'

export const serviceCells = cellsOf<Service>((service, now) => [
  service.metadata.name,
  service.spec?.type ?? '',
  service.spec?.clusterIPs?.[0] ?? service.spec?.clusterIP ?? NONE,
  externalAddress(service),
  servicePorts(service),
  ageOf(service.metadata.creationTimestamp, now),
  labelsText(service.spec?.selector),
])

function externalAddress({ spec, status }: DeepReadonly<Service>): string {
  const own = spec?.externalIPs ?? []
  switch (spec?.type) {
    case 'ExternalName':
      return spec.externalName ?? ''
    case 'LoadBalancer': {
      const given = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '').filter(address => address !== '')
      const all = [...[...new Set(given)].toSorted(), ...own]
      return all.length === 0 ? '<pending>' : all.join(',')
    }
    default:
      return own.length === 0 ? NONE : own.join(',')
  }
}

function servicePorts({ spec }: DeepReadonly<Service>): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort === undefined || nodePort === 0 ? `${port}/${protocol ?? 'TCP'}` : `${port}:${nodePort}/${protocol ?? 'TCP'}`,
  )
  return ports.length === 0 ? NONE : ports.join(',')
}

export const endpointsCells = cellsOf<Endpoints>(({ metadata, subsets }, now) => {
  const addresses = (subsets ?? []).flatMap(({ addresses: own = [], ports = [] }) =>
    ports.length === 0 ? own.map(({ ip }) => ip) : ports.flatMap(({ port }) => own.map(({ ip }) => hostPort(ip, port))),
  )
  return [
    metadata.name,
    subsets === undefined || subsets.length === 0 ? NONE : shortList(addresses, ''),
    ageOf(metadata.creationTimestamp, now),
  ]
})

const hostPort = (ip: string, port: number) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)

export const endpointSliceCells = cellsOf<EndpointSlice>(({ metadata, addressType, ports, endpoints }, now) => [
  metadata.name,
  addressType,
  shortList(
    (ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port))),
    UNSET,
  ),
  shortList(
    (endpoints ?? []).flatMap(endpoint => endpoint.addresses),
    UNSET,
  ),
  ageOf(metadata.creationTimestamp, now),
])

export const ingressCells = cellsOf<Ingress>(({ metadata, spec, status }, now) => {
  const hosts = (spec?.rules ?? []).map(rule => rule.host ?? '').filter(host => host !== '')
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '')
  return [
    metadata.name,
    spec?.ingressClassName ?? NONE,
    shortList(hosts, '*'),
    addresses.join(','),
    spec?.tls === undefined || spec.tls.length === 0 ? '80' : '80, 443',
    ageOf(metadata.creationTimestamp, now),
  ]
})

export const ingressClassCells = cellsOf<IngressClass>(({ metadata, spec }, now) => {
  const parameters = spec?.parameters
  const kind = parameters?.apiGroup === undefined ? parameters?.kind : `${parameters.kind}.${parameters.apiGroup}`
  return [
    metadata.name,
    spec?.controller ?? '',
    parameters === undefined ? NONE : `${kind}/${parameters.name}`,
    ageOf(metadata.creationTimestamp, now),
  ]
})

export const networkPolicyCells = cellsOf<NetworkPolicy>(({ metadata, spec }, now) => [
  metadata.name,
  selectorText(spec?.podSelector),
  ageOf(metadata.creationTimestamp, now),
])
