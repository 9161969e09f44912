/** What a game has asked of its server and the API server has not got yet, and the patch that brings it there. Pure. */
import { annotations, sdkPrefix } from '../apis/agones.dev/annotations.ts'
import { confirmationDeadline } from '../apis/agones.dev/confirmation.ts'
import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { GameServerState } from '../apis/agones.dev/states.ts'
import { formatTime } from '../kube/clock.ts'
import type { DeepReadonly } from '../kube/object.ts'
import {
  applyToCounter,
  applyToList,
  composeCounters,
  composeLists,
  type CounterChange,
  counterOf,
  type ListChange,
  listOf,
} from './counters.ts'

export interface Pending {
  readonly state?: GameServerState
  /** RFC 3339, or null: not for a time. */
  readonly reservedUntil?: string | null
  /** Without the prefix of the SDK. */
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly counters: ReadonlyMap<string, CounterChange>
  readonly lists: ReadonlyMap<string, ListChange>
}

export const nothingPending: Pending = { labels: {}, annotations: {}, counters: new Map(), lists: new Map() }

export function isEmpty({ state, labels, annotations: notes, counters, lists }: Pending): boolean {
  return state === undefined && counters.size === 0 && lists.size === 0 && Object.keys(labels).length + Object.keys(notes).length === 0
}

/** A later batch on top of one that could not be written. */
export function merged(first: Pending, second: Pending): Pending {
  return {
    ...first,
    ...second,
    labels: { ...first.labels, ...second.labels },
    annotations: { ...first.annotations, ...second.annotations },
    counters: composed(first.counters, second.counters, composeCounters),
    lists: composed(first.lists, second.lists, composeLists),
  }
}

function composed<T>(
  first: ReadonlyMap<string, T>,
  second: ReadonlyMap<string, T>,
  compose: (before: T | undefined, after: T) => T,
): ReadonlyMap<string, T> {
  const all = new Map(first)
  for (const [key, change] of second) all.set(key, compose(first.get(key), change))
  return all
}

/** States that a game can no longer leave. */
export function isFinal({ metadata, status }: DeepReadonly<GameServer>): boolean {
  return metadata.deletionTimestamp !== undefined || status?.state === 'Unhealthy' || status?.state === 'Shutdown'
}

/** The server as it will be when the batch is written. */
export function applied(server: DeepReadonly<GameServer>, pending: Pending, now: number): DeepReadonly<GameServer> {
  const { state, reservedUntil = null } = pending
  const status = server.status ?? {}
  const counters = Object.entries(status.counters ?? {}).map(([key, one]) => [
    key,
    applyToCounter(counterOf(one) ?? { count: 0, capacity: 0 }, pending.counters.get(key)),
  ])
  const lists = Object.entries(status.lists ?? {}).map(([key, one]) => [
    key,
    applyToList(listOf(one) ?? { capacity: 0, values: [] }, pending.lists.get(key)),
  ])
  const prefixed = (values: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [sdkPrefix + key, value]))
  const mayChange = state !== undefined && !isFinal(server)
  const confirms = confirmationDeadline(server) !== undefined && tellsOfPlayers(status, pending)
  return {
    ...server,
    metadata: {
      ...server.metadata,
      labels: { ...server.metadata.labels, ...prefixed(pending.labels) },
      annotations: {
        ...server.metadata.annotations,
        ...prefixed(pending.annotations),
        ...(mayChange && state === 'Allocated' && { [annotations.lastAllocated]: new Date(now).toISOString() }),
        ...(confirms && { [annotations.confirmed]: formatTime(now) }),
      },
    },
    status: {
      ...status,
      ...(mayChange && { state, reservedUntil }),
      ...(counters.length > 0 && { counters: Object.fromEntries(counters) as never }),
      ...(lists.length > 0 && { lists: Object.fromEntries(lists) as never }),
    },
  }
}

/** Whether a game shows that it has been given to somebody: it says that it is allocated, or counts more than before. */
function tellsOfPlayers(status: DeepReadonly<NonNullable<GameServer['status']>>, { state, counters, lists }: Pending): boolean {
  const countsMore = ([key, change]: [string, CounterChange]): boolean => {
    const before = counterOf(status.counters?.[key])
    return before !== undefined && applyToCounter(before, change).count > before.count
  }
  const listsMore = ([key, change]: [string, ListChange]): boolean => {
    const before = listOf(status.lists?.[key])
    return before !== undefined && applyToList(before, change).values.some(value => !before.values.includes(value))
  }
  return state === 'Allocated' || [...counters].some(countsMore) || [...lists].some(listsMore)
}

export interface JsonPatchStep {
  readonly op: 'test' | 'add' | 'replace'
  readonly path: string
  readonly value: unknown
}

/** A JSON patch that brings the stored server to the wanted one; it applies to this very version alone. Undefined: nothing differs. */
export function patchOf(stored: DeepReadonly<GameServer>, wanted: DeepReadonly<GameServer>): JsonPatchStep[] | undefined {
  const steps: JsonPatchStep[] = []
  const differ = (path: string, before: unknown, after: unknown): void => {
    if (JSON.stringify(before ?? null) !== JSON.stringify(after ?? null)) steps.push({ op: 'add', path, value: after ?? null })
  }
  for (const kind of ['labels', 'annotations'] as const) {
    const [before, after] = [stored.metadata[kind], wanted.metadata[kind] ?? {}]
    if (before === undefined) {
      if (Object.keys(after).length > 0) steps.push({ op: 'add', path: `/metadata/${kind}`, value: after })
    } else for (const key of Object.keys(after)) differ(`/metadata/${kind}/${escaped(key)}`, before[key], after[key])
  }
  for (const name of ['state', 'reservedUntil', 'players', 'counters', 'lists'] as const)
    differ(`/status/${name}`, stored.status?.[name], wanted.status?.[name])
  if (steps.length === 0) return undefined
  return [{ op: 'test', path: '/metadata/resourceVersion', value: stored.metadata.resourceVersion }, ...steps]
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** When a reservation of so many seconds ends; null for one without end. */
export function reservationEnd(seconds: number, now: number): string | null {
  return seconds > 0 ? formatTime(now + seconds * 1000) : null
}
