/**
 * Which addresses of this host one embedded cluster uses. Several clusters live side by side, each in a slot of its own;
 * whatever players dial is on the loopback network, so nothing is reachable from outside.
 */
export interface HostPlan {
  /** 0 to 59. */
  readonly slot: number
  /** Whether the address is one of this slot's. Others are left over from a life of the cluster in another slot. */
  owns(ip: string): boolean
  /** The n-th node's InternalIP and ExternalIP; host ports and node ports listen here. 127.(64+slot).0.(n+1) */
  nodeIP(n: number): string
  /** The n-th load balancer address. 127.(64+slot).(16…).x */
  loadBalancerIP(n: number): string
  /** A loopback address for a pod, where pods get no network namespace. 127.(64+slot).(128…).x */
  loopbackPodIP(n: number): string
  /** Pod network where pods get namespaces: 10.(128+slot).0.0/16, gateway .0.1 */
  readonly podNetwork: { readonly cidr: string; readonly gateway: string; ip(n: number): string; readonly bridge: string }
  /** Cluster IPs: 10.(192+slot).0.0/16; the API server is at `.0.1`. */
  readonly serviceNetwork: { readonly cidr: string; ip(n: number): string; readonly device: string }
}

const pair = (n: number) => `${Math.floor(n / 250)}.${(n % 250) + 1}`

/** The addresses of a slot. Pure: claiming a slot is the caller's work. */
export function hostPlan(slot: number): HostPlan {
  if (!Number.isInteger(slot) || slot < 0 || slot > 59) throw new RangeError(`slot ${slot} is not in 0-59`)
  const loopback = `127.${64 + slot}`
  const from = (base: number, n: number) => `${base + Math.floor(n / 250)}.${(n % 250) + 1}`
  const networks = [`${loopback}.`, `10.${128 + slot}.`, `10.${192 + slot}.`]
  return {
    slot,
    owns: ip => networks.some(network => ip.startsWith(network)),
    nodeIP: n => `${loopback}.${pair(n)}`,
    loadBalancerIP: n => `${loopback}.${from(16, n)}`,
    loopbackPodIP: n => `${loopback}.${from(128, n)}`,
    podNetwork: {
      cidr: `10.${128 + slot}.0.0/16`,
      gateway: `10.${128 + slot}.0.1`,
      ip: n => `10.${128 + slot}.${from(1, n)}`,
      bridge: `berth${slot}`,
    },
    serviceNetwork: { cidr: `10.${192 + slot}.0.0/16`, ip: n => `10.${192 + slot}.${pair(n)}`, device: `berth${slot}s` },
  }
}
