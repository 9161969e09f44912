import type { SandboxSpec } from '../runtime/runtime.ts'
import type { PodObject } from './container-state.ts'

/** What the runtime needs to know of a pod to make what its containers share. */
export function sandboxSpec(pod: PodObject): SandboxSpec {
  const { namespace = 'default', name, uid } = pod.metadata
  const { hostAliases, hostNetwork = false } = pod.spec ?? {}
  return {
    podUid: uid,
    namespace,
    name,
    hostname: hostnameOf(pod),
    hostNetwork,
    ...(hostAliases === undefined ? {} : { hostAliases: hostAliases.map(alias => ({ ip: alias.ip, hostnames: alias.hostnames ?? [] })) }),
  }
}

/** The host name inside the pod. */
export function hostnameOf(pod: PodObject): string {
  return (pod.spec?.hostname ?? pod.metadata.name).slice(0, 63)
}
