import { randomBytes } from 'node:crypto'
import { isNotFound } from './api-error.ts'
import type { Client } from './client.ts'
import { type Clock, formatTime, systemClock } from './clock.ts'
import { EventCorrelator, type EventSeries } from './event-correlator.ts'
import { type Logger, noopLogger } from './logger.ts'
import type { DeepReadonly, KubeObject } from './object.ts'
import type { ResourceType } from './resource.ts'
import { TokenBucket } from './token-bucket.ts'

/** What events are about; any object that has these fields will do. */
export type EventSubject = DeepReadonly<{
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; uid: string; resourceVersion?: string }
}>

export type EventType = 'Normal' | 'Warning'

/** Tells users, on their own objects, what happened. Never blocks and never fails: events are lost rather than work delayed. */
export interface EventRecorder extends AsyncDisposable {
  /** `reason` is one CamelCase word that users may match on; `message` is for people. */
  event(subject: EventSubject, type: EventType, reason: string, message: string): void
}

/** Records nothing. */
export const noopRecorder: EventRecorder = { event: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() }

export interface EventRecorderOptions {
  readonly client: Client
  /** Who reports; the `From` column of `kubectl describe`. */
  readonly component: string
  /** This process, among several of the component. Default: the component. */
  readonly instance?: string
  readonly clock?: Clock
  readonly logger?: Logger
  /** Normal events that wait to be written, and as many warnings; beyond that new ones are lost. Default 4,000. */
  readonly bufferSize?: number
  /** So many writes a second, after a burst, so that what is told leaves room for what is done; later ones wait. Default: no limit. */
  readonly flowControl?: { readonly perSecond: number; readonly burst: number }
}

/** Events as the core API has them: what `kubectl describe` and `kubectl get events` read. */
interface CoreEvent extends KubeObject {
  involvedObject: { apiVersion: string; kind: string; name: string; namespace?: string; uid: string; resourceVersion?: string }
  reason: string
  message: string
  type: EventType
  count: number
  firstTimestamp: string
  lastTimestamp: string
  source: { component: string }
  reportingComponent: string
  reportingInstance: string
}

const eventType: ResourceType<CoreEvent> = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }

/** How long one write may take. */
const writeTimeoutMs = 10_000
/** How long disposal waits for events that are still to be written. */
const flushMs = 250

/**
 * Makes a recorder. Events are written one at a time, warnings first: where an API server is busy with the work that they tell of, they come after
 * it and do not slow it down. The same event again only counts up, in one object; many alike but for their message are combined; an
 * object that produces events without end is slowed down (see {@link EventCorrelator}).
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, component, clock = systemClock, logger = noopLogger, bufferSize = 4000, flowControl } = options
  const instance = options.instance ?? component
  const correlator = new EventCorrelator(clock)
  const waiting = { Warning: new Set<EventSeries>(), Normal: new Set<EventSeries>() }
  const stop = new AbortController()
  const hurry = new AbortController()
  const bucket = flowControl && new TokenBucket({ ...flowControl, clock })
  let isWriting = false
  let lost = 0
  let idle: PromiseWithResolvers<void> | undefined

  async function pump(): Promise<void> {
    if (isWriting) return
    isWriting = true
    while (next() !== undefined && !stop.signal.aborted) {
      const waitMs = hurry.signal.aborted ? 0 : (bucket?.reserve() ?? 0)
      if (waitMs > 0) await clock.sleep(waitMs, hurry.signal).catch(() => {})
      const series = next()
      if (series === undefined) break
      waiting[series.type].delete(series)
      await write(series).catch((error: unknown) => logger.debug('event not written', { reason: series.reason, error }))
    }
    isWriting = false
    idle?.resolve()
  }

  function next(): EventSeries | undefined {
    for (const series of [waiting.Warning, waiting.Normal]) for (const one of series) return one
    return undefined
  }

  async function write(series: EventSeries): Promise<void> {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(writeTimeoutMs)])
    const { count, message } = series
    const namespace = series.subject.metadata.namespace ?? 'default'
    if (series.name !== undefined) {
      const patch = { count, message, lastTimestamp: formatTime(series.lastAt) }
      try {
        await client.patch(eventType, { namespace, name: series.name }, patch, { type: 'merge', signal })
        series.writtenCount = count
        return
      } catch (error) {
        // Events live an hour; a series that goes on begins a new object.
        if (!isNotFound(error)) throw error
      }
    }
    const name = `${series.subject.metadata.name.slice(0, 230)}.${Date.now().toString(16)}${randomBytes(4).toString('hex')}`
    await client.create(eventType, toEvent(series, { name, namespace }), { signal })
    series.name = name
    series.writtenCount = count
  }

  function toEvent(series: EventSeries, metadata: { name: string; namespace: string }) {
    const { apiVersion, kind, metadata: about } = series.subject
    return {
      metadata,
      involvedObject: {
        apiVersion,
        kind,
        name: about.name,
        uid: about.uid,
        ...(about.namespace === undefined ? {} : { namespace: about.namespace }),
        ...(about.resourceVersion === undefined ? {} : { resourceVersion: about.resourceVersion }),
      },
      reason: series.reason,
      message: series.message,
      type: series.type,
      count: series.count,
      firstTimestamp: formatTime(series.firstAt),
      lastTimestamp: formatTime(series.lastAt),
      source: { component },
      reportingComponent: component,
      reportingInstance: instance,
    }
  }

  return {
    event({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }, type, reason, message) {
      // Not the object itself, which would be kept for as long as the event is.
      const subject = {
        apiVersion,
        kind,
        metadata: { name, uid, ...(namespace !== undefined && { namespace }), ...(resourceVersion !== undefined && { resourceVersion }) },
      }
      const series = correlator.record(subject, type, reason, message)
      if (series === undefined || stop.signal.aborted) return
      const alike = waiting[type]
      if (alike.size >= bufferSize && !alike.has(series)) {
        lost += 1
        if (lost === 1 || lost % 1000 === 0) logger.warn('events are lost: they come faster than they can be written', { lost })
        return
      }
      alike.add(series)
      // Not within the caller's turn, so that a burst about one thing becomes one write.
      queueMicrotask(() => void pump())
    },
    async [Symbol.asyncDispose]() {
      hurry.abort()
      if (isWriting || next() !== undefined) {
        idle = Promise.withResolvers()
        const giveUp = new AbortController()
        await Promise.race([idle.promise, clock.sleep(flushMs, giveUp.signal).catch(() => {})])
        giveUp.abort()
      }
      stop.abort()
    },
  }
}
