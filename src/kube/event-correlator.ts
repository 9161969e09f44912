import type { Clock } from './clock.ts'
import type { EventSubject, EventType } from './event-recorder.ts'
import { TokenBucket } from './token-bucket.ts'

/** Events that are one to the user: same object, reason and message, with a count. */
export interface EventSeries {
  readonly subject: EventSubject
  readonly type: EventType
  readonly reason: string
  message: string
  count: number
  readonly firstAt: number
  lastAt: number
  /** Name of the stored event, once there is one. */
  name: string | undefined
  writtenCount: number
}

/** Different messages of one reason about one object that are told apart within the window. */
const distinctMessages = 10
const windowMs = 10 * 60_000
/** An object may burst with this many events and then has one in five minutes, as in client-go. */
const burst = 25
const perSecond = 1 / 300
/** How much is remembered; the longest untouched goes first. */
const remembered = 4096

/**
 * Decides what becomes of an event: a new series, one more of a known series, or nothing. The limits are those of client-go's
 * event correlator, so that users of big clusters find what they know.
 */
export class EventCorrelator {
  readonly #clock: Clock
  readonly #series = new Map<string, EventSeries>()
  readonly #groups = new Map<string, { messages: Set<string>; lastAt: number }>()
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The series the event belongs to, counted up; `undefined` when the object has used up its share. */
  record(subject: EventSubject, type: EventType, reason: string, message: string): EventSeries | undefined {
    if (!this.#bucket(subject.metadata.uid).tryTake()) return undefined
    const now = this.#clock.now()
    const isMany = this.#isMany(subject, type, reason, message, now)
    const id = [subject.metadata.uid, type, reason, isMany ? '' : message].join('\n')
    const text = isMany ? `(combined from similar events): ${message}` : message
    const known = this.#series.get(id)
    if (known !== undefined) {
      known.count += 1
      known.lastAt = now
      known.message = text
      touch(this.#series, id, known)
      return known
    }
    const series: EventSeries = {
      subject,
      type,
      reason,
      message: text,
      count: 1,
      firstAt: now,
      lastAt: now,
      name: undefined,
      writtenCount: 0,
    }
    touch(this.#series, id, series)
    return series
  }

  #isMany(subject: EventSubject, type: EventType, reason: string, message: string, now: number): boolean {
    const id = [subject.metadata.uid, type, reason].join('\n')
    let group = this.#groups.get(id)
    if (group === undefined || now - group.lastAt > windowMs) group = { messages: new Set(), lastAt: now }
    group.lastAt = now
    if (group.messages.size <= distinctMessages) group.messages.add(message)
    touch(this.#groups, id, group)
    return group.messages.size > distinctMessages
  }

  #bucket(uid: string): TokenBucket {
    const bucket = this.#buckets.get(uid) ?? new TokenBucket({ perSecond, burst, clock: this.#clock })
    touch(this.#buckets, uid, bucket)
    return bucket
  }
}

/** Puts an entry last in line for being forgotten. */
function touch<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= remembered) return
  const oldest = map.keys().next()
  if (oldest.done !== true) map.delete(oldest.value)
}
