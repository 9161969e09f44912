/**
 * Which servers there should be: how many leave, and which keys come. Numbered servers keep their numbers while they are
 * re-created; holes left by a scale-down are refilled lowest first; reserved numbers never exist.
 */
import type { Identity, IdentityMemory, Member } from './model.ts'
import { RangeSet } from './range-set.ts'

export interface Newcomer {
  readonly key: string
  readonly ordinal?: number
}

/**
 * The numbers to give to `count` new servers. `taken` are the numbers of servers that stay, `blocked` those that cannot be
 * given out for another reason (a server with that number waits for a delete hook).
 */
export function newOrdinals(
  identity: Extract<Identity, { kind: 'ordinal' }>,
  count: number,
  taken: RangeSet,
  blocked: RangeSet,
): readonly number[] {
  if (count <= 0) return []
  const fixed = identity.reserved.union(taken).union(blocked)
  const chosen: number[] = []
  const { memory } = identity
  if (memory !== undefined) {
    // A number that belonged to the set before and is vacant now comes back before any hole is filled.
    const excluded = identity.reserved.union(memory.holes)
    let next = -1
    for (let slot = 0; slot < memory.replicas && chosen.length < count; slot++) {
      next = excluded.nextAbsent(next + 1)
      if (!fixed.has(next)) chosen.push(next)
    }
  }
  const known = fixed.union(RangeSet.of(...chosen))
  for (let next = known.nextAbsent(0); chosen.length < count; next = known.nextAbsent(next + 1)) chosen.push(next)
  return chosen.sort((a, b) => a - b)
}

/** What to remember of a set that consists of exactly `ordinals`. */
export function memoryOf(reserved: RangeSet, ordinals: RangeSet, replicas: number): IdentityMemory | undefined {
  const highest = ordinals.ranges.at(-1)?.[1]
  if (highest === undefined) return undefined
  const holes = reserved.union(ordinals).absentBelow(highest)
  return holes.ranges.length === 0 ? undefined : { holes, replicas }
}

export function sameMemory(a: IdentityMemory | undefined, b: IdentityMemory | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.replicas === b.replicas && a.holes.equals(b.holes))
}

const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** Names become values of labels, and the API server makes up none that are longer. */
const longestName = 63
const suffixLength = 5

/** Made-up names, `<prefix>xxxxx`, none of them in use. Of a prefix that is too long the beginning counts. */
export function generatedKeys(
  identity: Extract<Identity, { kind: 'generated' }>,
  count: number,
  inUse: ReadonlySet<string>,
): readonly string[] {
  const prefix = identity.prefix.slice(0, longestName - suffixLength)
  const keys = new Set<string>()
  for (let n = 0; keys.size < count; n++) {
    const key = prefix + suffix(`${identity.seed}/${n}`)
    if (!inUse.has(key)) keys.add(key)
  }
  return [...keys]
}

export function newcomers(identity: Identity, count: number, staying: readonly Member[], all: readonly Member[]): readonly Newcomer[] {
  if (identity.kind === 'generated') {
    return generatedKeys(identity, count, new Set(all.map(member => member.key))).map(key => ({ key }))
  }
  const blocked = all.filter(member => member.preparingDelete !== undefined)
  return newOrdinals(identity, count, ordinalsOf(staying), ordinalsOf(blocked)).map(ordinal => ({
    key: `${identity.prefix}${ordinal}`,
    ordinal,
  }))
}

export function ordinalsOf(servers: readonly { readonly ordinal?: number }[]): RangeSet {
  return RangeSet.of(...servers.flatMap(({ ordinal }) => (ordinal === undefined ? [] : [ordinal])))
}

/** Five characters of an alphabet without vowels and look-alikes, from a 32-bit FNV-1a hash. */
function suffix(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  let rest = hash >>> 0
  let result = ''
  for (let i = 0; i < suffixLength; i++) {
    result += SAFE_ALPHABET[rest % SAFE_ALPHABET.length] ?? ''
    rest = Math.floor(rest / SAFE_ALPHABET.length)
  }
  return result
}
