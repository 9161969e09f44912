import { randomBytes } from 'node:crypto'
import { isNotFound } from './api-error.ts'
import type { Client } from './client.ts'
import { type Clock, formatTime, systemClock } from './clock.ts'
import { EventCorrelator, type EventSeries } from './event-correlator.ts'
import { type Logger, noopLogger } from './logger.ts'
import type { DeepReadonly, KubeObject } from './object.ts'
import type { ResourceType } from './resource.ts'

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
  /** Events that wait to be written, beyond which new ones are lost. Default 1,000. */
  readonly bufferSize?: number
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

/** How many writes run at a time, and how long one may take. */
const writers = 4
const writeTimeoutMs = 10_000
/** How long disposal waits for events that are still to be written. */
const flushMs = 250

/**
 * Makes a recorder. The same event again only counts up, in one object; many alike but for their message are combined; an
 * object that produces events without end is slowed down (see {@link EventCorrelator}).
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, component, clock = systemClock, logger = noopLogger, bufferSize = 1000 } = options
  const instance = options.instance ?? component
  const correlator = new EventCorrelator(clock)
  const waiting = new Set<EventSeries>()
  const stop = new AbortController()
  let active = 0
  let lost = 0
  let idle: PromiseWithResolvers<void> | undefined

  function pump(): void {
    while (active < writers) {
      const next = waiting.values().next()
      if (next.done === true) break
      waiting.delete(next.value)
      active += 1
      void write(next.value)
        .catch((error: unknown) => logger.debug('event not written', { reason: next.value.reason, error }))
        .finally(() => {
          active -= 1
          pump()
        })
    }
    if (active === 0 && waiting.size === 0) idle?.resolve()
  }

  /** One writer at a time per series: who finds it being written leaves the count to the writer's next round. */
  async function write(series: EventSeries): Promise<void> {
    if (series.writing) return
    series.writing = true
    try {
      while (series.writtenCount < series.count) await writeOnce(series)
    } finally {
      series.writing = false
    }
  }

  async function writeOnce(series: EventSeries): Promise<void> {
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
    event(subject, type, reason, message) {
      const series = correlator.record(subject, type, reason, message)
      if (series === undefined || stop.signal.aborted) return
      if (waiting.size >= bufferSize && !waiting.has(series)) {
        lost += 1
        if (lost === 1 || lost % 1000 === 0) logger.warn('events are lost: they come faster than they can be written', { lost })
        return
      }
      waiting.add(series)
      // Not within the caller's turn, so that a burst about one thing becomes one write.
      queueMicrotask(pump)
    },
    async [Symbol.asyncDispose]() {
      if (active > 0 || waiting.size > 0) {
        idle = Promise.withResolvers()
        const giveUp = new AbortController()
        await Promise.race([idle.promise, clock.sleep(flushMs, giveUp.signal).catch(() => {})])
        giveUp.abort()
      }
      stop.abort()
    },
  }
}
