import type { Event, EventsEvent } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Draft, KindStrategy } from '../registry.ts'
import { invalid } from './field-errors.ts'

/** Events are stored in the core form; either API may ask for them by its own names. */
export const eventStrategy: KindStrategy = {
  hasGeneration: false,
  prepareForCreate: writeEvent,
  prepareForUpdate: writeEvent,
  selectableFields(object) {
    const core = object as unknown as DeepReadonly<Event>
    const newer = object as unknown as DeepReadonly<EventsEvent>
    const involved = core.involvedObject ?? newer.regarding ?? {}
    const fields: Record<string, string> = {
      reason: core.reason ?? '',
      type: core.type ?? '',
      source: core.source?.component ?? newer.deprecatedSource?.component ?? core.reportingComponent ?? newer.reportingController ?? '',
      reportingComponent: core.reportingComponent ?? newer.reportingController ?? '',
      reportingController: core.reportingComponent ?? newer.reportingController ?? '',
    }
    for (const key of ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const) {
      const value = involved[key] ?? ''
      fields[`involvedObject.${key}`] = value
      fields[`regarding.${key}`] = value
    }
    return fields
  },
  validate(object, old) {
    if (old !== undefined) return []
    const event = object as unknown as DeepReadonly<Event & EventsEvent>
    const involved = event.involvedObject ?? event.regarding
    const namespace = involved?.namespace ?? ''
    if (namespace === '') {
      const allowed = ['default', 'kube-system']
      return allowed.includes(event.metadata.namespace ?? '')
        ? []
        : [invalid('involvedObject.namespace', namespace, 'does not match event.namespace')]
    }
    return namespace === event.metadata.namespace ? [] : [invalid('involvedObject.namespace', namespace, 'does not match event.namespace')]
  },
}

/** What is written of every event, set or not. */
function writeEvent(draft: Draft): void {
  draft['source'] ??= {}
  draft['firstTimestamp'] ??= null
  draft['lastTimestamp'] ??= null
  draft['eventTime'] ??= null
  draft['reportingComponent'] ??= ''
  draft['reportingInstance'] ??= ''
}
