import type { Draft } from '../registry.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import type { Conversion } from './served-resource.ts'

/** Names of the members that `events.k8s.io/v1` calls otherwise than the core group, whose form is stored. */
const renamed: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
]

function rename(object: Readonly<Draft>, names: readonly (readonly [string, string])[], apiVersion: string): Draft {
  const known = new Map(names)
  const result: Record<string, unknown> = {}
  for (const key in object) result[known.get(key) ?? key] = object[key]
  result['apiVersion'] = apiVersion
  return result as unknown as Draft
}

/** One event has two forms: core/v1 and events.k8s.io/v1. */
export const eventConversion: Conversion = {
  toStored: draft =>
    rename(
      draft,
      renamed.map(([core, events]) => [events, core] as const),
      'v1',
    ),
  toServed(object) {
    const result = rename(object, renamed, 'events.k8s.io/v1')
    for (const name of ['reportingController', 'reportingInstance']) if (result[name] === '') delete result[name]
    return result as unknown as StoredObject
  },
}
