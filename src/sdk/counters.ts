/** Counters and lists: what a game asked for and the API server has not got yet. Pure. Texts of errors: Agones. */
import { defaults } from '../apis/agones.dev/defaults.ts'
import type { CounterStatus, ListStatus } from '../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../kube/object.ts'

/** What one batch does to a counter. */
export interface CounterChange {
  /** Set at the last; differences count from there. */
  readonly count?: number
  readonly capacity?: number
  readonly difference: number
}

/** What one batch does to a list. */
export interface ListChange {
  readonly capacity?: number
  readonly removed: readonly string[]
  readonly added: readonly string[]
}

/** A request that cannot be met, in the words the caller gets. */
export class SdkError extends Error {
  override readonly name = 'SdkError'
}

type Counter = Required<CounterStatus>
type List = Required<ListStatus>

export function counterOf(status: DeepReadonly<CounterStatus> | undefined): Counter | undefined {
  return status && { count: status.count ?? 0, capacity: status.capacity ?? 0 }
}

export function listOf(status: DeepReadonly<ListStatus> | undefined): List | undefined {
  return status && { capacity: status.capacity ?? 0, values: [...(status.values ?? [])] }
}

/** The counter as it will be. What does not fit any more, because somebody else changed it meanwhile, is cut off. */
export function applyToCounter({ count, capacity }: Counter, change: CounterChange | undefined): Counter {
  if (change === undefined) return { count, capacity }
  const room = change.capacity ?? capacity
  return { count: Math.min(Math.max((change.count ?? count) + change.difference, 0), room), capacity: room }
}

/** The list as it will be; values beyond the capacity are cut off. */
export function applyToList({ capacity, values }: List, change: ListChange | undefined): List {
  if (change === undefined) return { capacity, values }
  const room = change.capacity ?? capacity
  const kept = values.filter(value => !change.removed.includes(value))
  return { capacity: room, values: [...kept, ...change.added.filter(value => !kept.includes(value))].slice(0, room) }
}

/** One change after the other, as one. */
export function composeCounters(first: CounterChange | undefined, second: CounterChange): CounterChange {
  if (first === undefined || second.count !== undefined)
    return { ...(first?.capacity !== undefined && { capacity: first.capacity }), ...second }
  return { ...first, ...second, difference: first.difference + second.difference }
}

/** One change after the other, as one. */
export function composeLists(first: ListChange | undefined, second: ListChange): ListChange {
  if (first === undefined) return second
  return {
    ...first,
    ...second,
    removed: [...first.removed.filter(value => !second.added.includes(value)), ...second.removed],
    added: [...first.added.filter(value => !second.removed.includes(value)), ...second.added],
  }
}

export interface CounterRequest {
  readonly count?: number
  readonly capacity?: number
  readonly difference?: number
}

/** The batch with one request more. Throws {@link SdkError} when the counter would leave its range. */
export function changeCounter(stored: Counter, before: CounterChange | undefined, request: CounterRequest): CounterChange {
  if (request.capacity !== undefined && request.capacity < 0)
    throw new SdkError(`out of range. Capacity must be greater than or equal to 0. Found Capacity: ${request.capacity}`)
  const capacity = request.capacity ?? before?.capacity
  const isSet = request.count !== undefined
  const count = isSet ? request.count : before?.count
  const difference = (isSet ? 0 : (before?.difference ?? 0)) + (request.difference ?? 0)
  const room = capacity ?? stored.capacity
  const next = (count ?? stored.count) + difference
  if (next < 0 || next > room)
    throw new SdkError(`out of range. Count must be within range [0,Capacity]. Found Count: ${next}, Capacity: ${room}`)
  return { difference, ...(count !== undefined && { count }), ...(capacity !== undefined && { capacity }) }
}

export function setListCapacity(before: ListChange | undefined, capacity: number): ListChange {
  if (capacity < 0 || capacity > defaults.listCapacity)
    throw new SdkError(`out of range. Capacity must be within range [0,${defaults.listCapacity}]. Found Capacity: ${capacity}`)
  return { removed: before?.removed ?? [], added: before?.added ?? [], capacity }
}

export function addToList(stored: List, before: ListChange | undefined, name: string, value: string): ListChange {
  const { capacity, values } = applyToList(stored, before)
  if (values.includes(value)) throw new SdkError(`already exists. Value: ${value} already in List: ${name}`)
  if (values.length >= capacity)
    throw new SdkError(`out of range. No available capacity. Current Capacity: ${capacity}, List Size: ${values.length}`)
  return { ...before, removed: (before?.removed ?? []).filter(one => one !== value), added: [...(before?.added ?? []), value] }
}

export function removeFromList(stored: List, before: ListChange | undefined, name: string, value: string): ListChange {
  if (!applyToList(stored, before).values.includes(value)) throw new SdkError(`not found: value ${value} not in list ${name}`)
  return {
    ...before,
    added: (before?.added ?? []).filter(one => one !== value),
    removed: stored.values.includes(value) ? [...(before?.removed ?? []), value] : (before?.removed ?? []),
  }
}

/** The whole set of values anew, as what has to go and what has to come. */
export function replaceValues(stored: List, before: ListChange | undefined, values: readonly string[]): ListChange {
  const wanted = [...new Set(values)]
  return {
    ...before,
    removed: stored.values.filter(value => !wanted.includes(value)),
    added: wanted.filter(value => !stored.values.includes(value)),
  }
}
