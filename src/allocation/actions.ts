/** What an allocation does to its server. Pure. Contract: Agones: what cannot be done is told, and the allocation holds all the same. */
import { annotations } from '../apis/agones.dev/annotations.ts'
import { confirmationDeadline, confirmingKeys } from '../apis/agones.dev/confirmation.ts'
import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { AllocationSpec, CounterAction, ListAction } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import type { DeepReadonly } from '../kube/object.ts'

export interface Trouble {
  readonly reason: 'CounterActionError' | 'ListActionError'
  readonly message: string
}

export interface Change {
  /** A merge patch that applies to this very version of the server alone. */
  readonly patch: Record<string, unknown>
  readonly troubles: readonly Trouble[]
}

type Status = NonNullable<DeepReadonly<GameServer>['status']>

/** `confirmWithinMs`: the server is given back unless somebody confirms within so long. Default: it is kept. */
export function allocationChange(server: DeepReadonly<GameServer>, spec: AllocationSpec, now: number, confirmWithinMs?: number): Change {
  const { metadata, status = {} } = server
  const confirmation = confirmationChange(server, now, confirmWithinMs)
  const troubles: Trouble[] = []
  const counters: Record<string, object> = {}
  for (const [key, action] of Object.entries(spec.counters ?? {})) {
    const counter = status.counters?.[key]
    if (counter === undefined) troubles.push({ reason: 'CounterActionError', message: `counter ${key} not found` })
    else counters[key] = counted(counter, action)
  }
  const lists: Record<string, object> = {}
  for (const [key, action] of Object.entries(spec.lists ?? {})) {
    const list = status.lists?.[key]
    if (list === undefined) {
      troubles.push({ reason: 'ListActionError', message: `list ${key} not found` })
      continue
    }
    const { next, doubled } = listed(list, action)
    lists[key] = next
    for (const value of doubled) troubles.push({ reason: 'ListActionError', message: `list ${key} has the value ${value} already` })
  }
  return {
    troubles,
    patch: {
      metadata: {
        resourceVersion: metadata.resourceVersion,
        ...((spec.metadata?.labels !== undefined || Object.keys(confirmation.labels).length > 0) && {
          labels: { ...confirmation.labels, ...spec.metadata?.labels },
        }),
        annotations: {
          // Of an earlier allocation, whose caller must not get this one.
          ...(metadata.annotations?.[annotations.requestId] !== undefined && { [annotations.requestId]: null }),
          ...confirmation.annotations,
          ...spec.metadata?.annotations,
          [annotations.lastAllocated]: new Date(now).toISOString(),
        },
      },
      status: {
        state: 'Allocated',
        ...(Object.keys(counters).length > 0 && { counters }),
        ...(Object.keys(lists).length > 0 && { lists }),
      },
    },
  }
}

/**
 * What confirmed an earlier allocation goes, and the deadline of this one comes. Who shares a server that is allocated already never brings a
 * deadline upon those who have it: a later one may put off an earlier one, and an allocation without one keeps the server for good.
 */
function confirmationChange(
  server: DeepReadonly<GameServer>,
  now: number,
  withinMs: number | undefined,
): Record<'labels' | 'annotations', Record<string, string | null>> {
  const { metadata, status } = server
  const own = withinMs === undefined ? undefined : now + withinMs
  if (status?.state === 'Allocated') {
    const pending = confirmationDeadline(server)
    if (pending === undefined) return { labels: {}, annotations: {} }
    const by = own === undefined ? null : new Date(Math.max(pending, own)).toISOString()
    return { labels: {}, annotations: { [annotations.confirmBy]: by } }
  }
  const without = (map: Readonly<Record<string, string>> | undefined, keys: readonly string[]): Record<string, null> =>
    Object.fromEntries(keys.filter(key => map?.[key] !== undefined).map(key => [key, null]))
  return {
    labels: without(metadata.labels, confirmingKeys),
    annotations: {
      ...without(metadata.annotations, [...confirmingKeys, annotations.confirmBy]),
      ...(own !== undefined && { [annotations.confirmBy]: new Date(own).toISOString() }),
    },
  }
}

/** The capacity first, then the count, which stays within it. */
function counted(
  { count = 0, capacity = 0 }: NonNullable<Status['counters']>[string],
  action: CounterAction,
): { count: number; capacity: number } {
  const room = action.capacity ?? capacity
  const by = (action.amount ?? 0) * (action.action === 'Decrement' ? -1 : 1)
  const moved = action.action === undefined ? count : count + by
  return { count: Math.min(Math.max(moved, 0), room), capacity: room }
}

/** The capacity first, then what comes, then what goes. */
function listed(
  { values = [], capacity = 0 }: NonNullable<Status['lists']>[string],
  { addValues = [], deleteValues = [], capacity: wanted }: ListAction,
): { next: { values: string[]; capacity: number }; doubled: readonly string[] } {
  const room = wanted ?? capacity
  const kept = values.slice(0, room)
  const doubled = addValues.filter(value => kept.includes(value))
  const all = [...new Set([...kept, ...addValues])].slice(0, room)
  return { next: { capacity: room, values: all.filter(value => !deleteValues.includes(value)) }, doubled }
}
