import { readFileSync } from 'node:fs'
import { defaultProviderConfig, type ProviderConfig, type RangeName } from '../addresses/provider-config.ts'

export interface EmbeddedNetwork {
  readonly config: ProviderConfig
  /** What differs from a real cluster, in sentences. */
  readonly notes: readonly string[]
}

/** Moves ports below 1024 up by this where the user may not bind them. */
const shift = 20_000

/**
 * The port ranges of the embedded cluster: those that are wanted, unless this process may not listen on ports that low. Then the ranges
 * concerned are moved up, openly, so that every server still gets an address that works.
 */
export function embeddedNetwork(
  wanted: ProviderConfig = defaultProviderConfig,
  unprivilegedFrom: number = firstUnprivilegedPort(),
): EmbeddedNetwork {
  const ranges: ProviderConfig['ranges'] = Object.fromEntries(
    Object.entries(wanted.ranges).map(([name, range]) => [
      name,
      range.min >= unprivilegedFrom
        ? range
        : { min: range.min + shift, max: range.max + shift, blocked: range.blocked.map(port => port + shift) },
    ]),
  )
  const moved = (Object.keys(ranges) as RangeName[]).filter(name => ranges[name] !== wanted.ranges[name])
  return {
    config: { ...wanted, ranges },
    notes:
      moved.length === 0
        ? []
        : [`this user may not listen on ports below ${unprivilegedFrom}: load balancer ports of ${moved.join(', ')} start ${shift} higher`],
  }
}

/** 0 for root; on Linux what the kernel says; 1024 where nothing says otherwise. */
function firstUnprivilegedPort(): number {
  if (process.getuid?.() === 0) return 0
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'), 10)
  } catch {
    return 1024
  }
}
