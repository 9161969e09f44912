import type { Event, EventsEvent } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { ageOf } from './age.ts'
import { cellsOf } from './cells.ts'

/** What both APIs for events call differently. */
interface Shown {
  name: string
  type: string | undefined
  reason: string | undefined
  object: DeepReadonly<{ kind?: string; name?: string; fieldPath?: string }> | undefined
  message: string | undefined
  source: string
  first: string | undefined
  last: string | undefined
  eventTime: string | undefined
  seriesTime: string | undefined
  count: number
}

function cells(event: Shown, now: Date): unknown[] {
  const first = ageOf(event.first ?? event.eventTime, now)
  const last = event.seriesTime !== undefined ? ageOf(event.seriesTime, now) : event.last === undefined ? first : ageOf(event.last, now)
  const kind = (event.object?.kind ?? '').toLowerCase()
  const name = event.object?.name ?? ''
  return [
    last,
    event.type ?? '',
    event.reason ?? '',
    name === '' ? kind : `${kind}/${name}`,
    event.object?.fieldPath ?? '',
    event.source,
    (event.message ?? '').trim(),
    first,
    event.count,
    event.name,
  ]
}

function sourceText(component: string | undefined, host: string | undefined): string {
  return [component, host].filter(part => part !== undefined && part !== '').join(', ')
}

export const eventCells = cellsOf<Event>((event, now) =>
  cells(
    {
      name: event.metadata.name,
      type: event.type,
      reason: event.reason,
      object: event.involvedObject,
      message: event.message,
      source: sourceText(event.source?.component ?? event.reportingComponent, event.source?.host ?? event.reportingInstance),
      first: set(event.firstTimestamp),
      last: set(event.lastTimestamp),
      eventTime: set(event.eventTime),
      seriesTime: set(event.series?.lastObservedTime),
      count: event.series?.count ?? (event.count === undefined || event.count === 0 ? 1 : event.count),
    },
    now,
  ),
)

export const eventsEventCells = cellsOf<EventsEvent>((event, now) =>
  cells(
    {
      name: event.metadata.name,
      type: event.type,
      reason: event.reason,
      object: event.regarding,
      message: event.note,
      source: sourceText(
        event.deprecatedSource?.component ?? event.reportingController,
        event.deprecatedSource?.host ?? event.reportingInstance,
      ),
      first: set(event.deprecatedFirstTimestamp),
      last: set(event.deprecatedLastTimestamp),
      eventTime: set(event.eventTime),
      seriesTime: set(event.series?.lastObservedTime),
      count: event.series?.count ?? (event.deprecatedCount === undefined || event.deprecatedCount === 0 ? 1 : event.deprecatedCount),
    },
    now,
  ),
)

/** Times that are not set are sent as null. */
const set = (time: string | null | undefined) => (time === null || time === '' ? undefined : time)
