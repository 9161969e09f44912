/** Further networks of a pod, as Multus and its kin tell of them. Contract: Network Custom Resource Definition De-facto Standard, v1.3. */
import type { StatusAddress } from '../../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

const statusAnnotation = 'k8s.v1.cni.cncf.io/network-status'

/**
 * One entry per IP, in their order; those of the default network are the pod's own and come with it. The type says the network, without the
 * namespace where that is the pod's: `SecondaryIP:players`. What cannot be read counts as nothing: it is not for users to write.
 */
export function secondaryAddresses({ metadata }: DeepReadonly<Pod>): StatusAddress[] {
  const text = metadata.annotations?.[statusAnnotation]
  if (text === undefined) return []
  const own = `${metadata.namespace ?? 'default'}/`
  return entriesOf(text).flatMap(entry => {
    const { name, ips, default: isDefault } = entry
    if (isDefault === true || typeof name !== 'string' || !Array.isArray(ips)) return []
    const type = `SecondaryIP:${name.startsWith(own) ? name.slice(own.length) : name}`
    return ips.flatMap((address: unknown) => (typeof address === 'string' ? [{ type, address }] : []))
  })
}

function entriesOf(text: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.filter(isEntry) : []
  } catch {
    return []
  }
}

function isEntry(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
