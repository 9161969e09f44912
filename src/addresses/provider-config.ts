import { parse } from 'smol-toml'
import type { PortRange } from './port-range.ts'

/** Where each provider's ports come from; ends inclusive. A provider that is absent was switched off or has an invalid section. */
export interface ProviderConfig {
  readonly ranges: Readonly<Partial<Record<RangeName, PortRange>>>
  /** Why a provider is off, for the messages of claims that ask for it. */
  readonly off: Readonly<Partial<Record<RangeName, string>>>
}

export type RangeName = 'kubernetes.hostPort' | 'volcengine.clb' | 'hwcloud.elb' | 'hwcloud.cce.elb'

/** The ranges OpenKruiseGame ships with. */
export const defaultProviderConfig: ProviderConfig = {
  ranges: {
    'kubernetes.hostPort': { min: 8000, max: 9000, blocked: [] },
    'volcengine.clb': { min: 550, max: 599, blocked: [593] },
    'hwcloud.elb': { min: 500, max: 700, blocked: [] },
    'hwcloud.cce.elb': { min: 32768, max: 65535, blocked: [] },
  },
  off: {},
}

interface Section {
  readonly name: RangeName
  /** The top table with `enable`. */
  readonly provider: string
  /** Upper ends of Volcengine are exclusive. */
  readonly maxExclusive?: boolean
  readonly check: (min: number, max: number, blocked: readonly number[]) => string | undefined
}

const strictlyInside = (min: number, max: number, blocked: readonly number[]): string | undefined => {
  const outside = blocked.find(port => port <= min || port >= max)
  return outside === undefined ? undefined : `block port ${outside} must be between ${min} and ${max}`
}
const within = (min: number, max: number): string | undefined => (min < 1 || max > 65535 ? 'ports must be from 1 to 65535' : undefined)

const sections: readonly Section[] = [
  { name: 'kubernetes.hostPort', provider: 'kubernetes', check: within },
  {
    name: 'volcengine.clb',
    provider: 'volcengine',
    maxExclusive: true,
    check: (min, max, blocked) => {
      const outside = blocked.find(port => port < min || port >= max)
      return within(min, max) ?? (outside === undefined ? undefined : `block port ${outside} must be from ${min} to ${max - 1}`)
    },
  },
  {
    name: 'hwcloud.elb',
    provider: 'hwcloud',
    check: (min, max, blocked) =>
      within(min, max) ??
      strictlyInside(min, max, blocked) ??
      (max - min - blocked.length > 200 ? 'an ELB takes at most 200 ports' : undefined),
  },
  { name: 'hwcloud.cce.elb', provider: 'hwcloud', check: (min, max, blocked) => within(min, max) ?? strictlyInside(min, max, blocked) },
]

/** A provider configuration that cannot be read at all. */
export class ProviderConfigError extends Error {
  override readonly name = 'ProviderConfigError'
  readonly code = 'InvalidProviderConfig'
}

/**
 * Reads OpenKruiseGame's `config.toml` (`[volcengine.clb] min_port max_port block_ports` and so on). Unlike the original, which disables a
 * whole provider in silence, an invalid section turns off its own network types and says why; an absent section keeps the default ports.
 * Throws {@link ProviderConfigError} for a text that is no TOML.
 */
export function parseProviderConfig(text: string): ProviderConfig {
  let root: unknown
  try {
    root = parse(text)
  } catch (error) {
    throw new ProviderConfigError(`the provider configuration is no TOML: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  const ranges: Partial<Record<RangeName, PortRange>> = {}
  const off: Partial<Record<RangeName, string>> = {}
  for (const section of sections) {
    const outcome = readSection(root, section)
    if (typeof outcome === 'string') off[section.name] = outcome
    else ranges[section.name] = outcome
  }
  return { ranges, off }
}

function readSection(root: unknown, section: Section): PortRange | string {
  const { name, provider, maxExclusive = false, check } = section
  if (member(root, provider, 'enable') === false) return `[${provider}] enable is false in the provider configuration`
  const table = member(root, ...name.split('.'))
  const fallback = defaultProviderConfig.ranges[name]
  if (table === undefined && fallback !== undefined) return fallback
  const min = member(table, 'min_port')
  const max = member(table, 'max_port')
  const blocked = member(table, 'block_ports') ?? []
  if (!isPort(min) || !isPort(max)) return `[${name}] needs the numbers min_port and max_port`
  if (!Array.isArray(blocked) || !blocked.every(isPort)) return `[${name}] block_ports must be a list of numbers`
  if (max <= min) return `[${name}] max_port must be above min_port`
  const problem = check(min, max, blocked)
  if (problem !== undefined) return `[${name}] ${problem}`
  return { min, max: maxExclusive ? max - 1 : max, blocked }
}

const isPort = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value)

function member(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null && name in at ? (at as Readonly<Record<string, unknown>>)[name] : undefined),
    value,
  )
}
