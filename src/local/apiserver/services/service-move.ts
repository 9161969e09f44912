import type { Service } from '../../../apis/core/types.generated.ts'
import type { HostPlan } from '../../host-plan.ts'
import type { Draft } from '../registry.ts'
import type { Storage } from '../storage/storage.ts'
import { inNetwork } from './service-network.ts'

/**
 * A cluster that comes back in another slot of its host has another network of cluster IPs. Services with addresses of the old one would be
 * out of range, and nothing about them could be changed any more: they get new ones, before anybody sees them.
 */
export function moveServices(storage: Storage, network: HostPlan['serviceNetwork']): void {
  const services = storage.collection('services').list()
  const moving = services.filter(service => isElsewhere(service as unknown as Service, network))
  if (moving.length === 0) return
  const taken = new Set(services.map(service => (service as unknown as Service).spec?.clusterIP))
  let next = 1
  for (const service of moving) {
    while (taken.has(network.ip(next))) next += 1
    // The API server's own Service has the first address.
    const isOwn = service.metadata.namespace === 'default' && service.metadata.name === 'kubernetes'
    const clusterIP = isOwn ? network.ip(0) : network.ip(next)
    taken.add(clusterIP)
    const draft = {
      ...service,
      metadata: { ...service.metadata },
      spec: { ...(service['spec'] as object), clusterIP, clusterIPs: [clusterIP] },
    }
    storage.put('services', draft as Draft)
  }
}

function isElsewhere({ spec }: Service, network: HostPlan['serviceNetwork']): boolean {
  const ip = spec?.clusterIP ?? ''
  return ip !== '' && ip !== 'None' && !inNetwork(ip, network)
}
