import { events } from '../apis/core/resources.generated.ts'
import type { Event } from '../apis/core/types.generated.ts'
import type { DeepReadonly } from '../kube/object.ts'
import { ageSince } from './age.ts'
import type { Connection } from './connection.ts'
import type { CliContext } from './context.ts'
import { textTable } from './text-table.ts'

/** The events about an object, oldest first. */
export async function eventsAbout(
  { signal }: CliContext,
  { client }: Connection,
  about: { readonly kind: string; readonly name: string; readonly namespace: string | undefined; readonly uid?: string },
): Promise<DeepReadonly<Event>[]> {
  const uid = about.uid === undefined ? '' : `,involvedObject.uid=${about.uid}`
  const { items } = await client.list(events, {
    // Events about objects without a namespace live in the default one.
    namespace: about.namespace ?? 'default',
    fieldSelector: `involvedObject.kind=${about.kind},involvedObject.name=${about.name}${uid}`,
    signal,
  })
  return items.toSorted((one, other) => timeOf(one) - timeOf(other))
}

/** When the event last happened, in milliseconds since the epoch; 0 when it does not say. */
export function timeOf(event: DeepReadonly<Event>): number {
  const text =
    event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp
  return Date.parse(text ?? '') || 0
}

export function eventLines(list: readonly DeepReadonly<Event>[], now: number): string[] {
  if (list.length === 0) return ['Events:   <none>']
  const rows = list.map(event => {
    const count = event.series?.count ?? event.count ?? 1
    const first = event.firstTimestamp ?? event.eventTime
    const last = ageSince(new Date(timeOf(event)).toISOString(), now)
    const age = count > 1 ? `${last} (x${count} over ${ageSince(first, now)})` : last
    return [event.type ?? '', event.reason ?? '', age, event.source?.component || event.reportingComponent || '', event.message ?? '']
  })
  return ['Events:', ...textTable(['Type', 'Reason', 'Age', 'From', 'Message'], rows).map(line => `  ${line}`)]
}
