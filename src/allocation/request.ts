/** An allocation as it is meant, and what is wrong with it. Pure. */
import type { AllocationSpec, GameServerSelector } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import { addressOrder, addressOrderHelp } from '../apis/agones.dev/address-order.ts'
import { annotations } from '../apis/agones.dev/annotations.ts'
import { defaults } from '../apis/agones.dev/defaults.ts'
import type { FieldError } from '../schema/field-error.ts'
import { isLabelValue, isQualifiedName } from '../schema/label-syntax.ts'
import { parseDuration } from '../schema/span.ts'
import type { AllocationExtras } from './allocator.ts'
import type { Wish } from './choose.ts'
import { demandsOwnerSet, matchersOf } from './match.ts'
import type { Terms } from './stock.ts'

/** Selectors in the order of preference; the deprecated members count where there are none. */
export function selectorsOf({ selectors, preferred = [], required }: AllocationSpec): readonly GameServerSelector[] {
  return selectors !== undefined && selectors.length > 0 ? selectors : [...preferred, required ?? {}]
}

export function wishOf(namespace: string, spec: AllocationSpec, { addressOrder }: Terms = {}): Wish {
  return {
    namespace,
    selectors: selectorsOf(spec).flatMap(matchersOf),
    scheduling: spec.scheduling ?? defaults.scheduling,
    priorities: spec.priorities ?? [],
    ...(addressOrder !== undefined && { addressOrder }),
  }
}

/** An id is a value that people can read in an annotation. */
const longestId = 253
const longestWaitMs = 30_000
const confirmWithin = { least: 1000, most: 86_400_000 }

/** What an allocation says in annotations of `berth.dev`. */
export function extrasOf(
  given: Readonly<Record<string, string>>,
  spec: AllocationSpec,
): {
  readonly extras: AllocationExtras
  readonly errors: readonly FieldError[]
} {
  const errors: FieldError[] = []
  /** The value as it is meant; undefined: it is not given, or refused. */
  const read = <T>(name: string, parse: (text: string) => T | undefined, help: string): T | undefined => {
    const text = given[name]
    if (text === undefined) return undefined
    const value = parse(text)
    if (value === undefined) errors.push(invalid(`metadata.annotations[${name}]`, text, help))
    return value
  }
  const requestId = read(
    annotations.requestId,
    text => (text !== '' && text.length <= longestId ? text : undefined),
    `must have 1 to ${longestId} characters`,
  )
  const waitMs = read(
    annotations.wait,
    text => durationWithin(text, 0, longestWaitMs),
    'must be a duration of at most 30s, such as 500ms or 10s',
  )
  const confirmWithinMs = read(
    annotations.confirmWithin,
    text => durationWithin(text, confirmWithin.least, confirmWithin.most),
    'must be a duration from 1s to 24h, such as 30s',
  )
  const order = read(annotations.primaryAddress, addressOrder, addressOrderHelp)
  const why = confirmWithinMs === undefined ? undefined : whyNotOnCondition(spec)
  if (why !== undefined) errors.push(invalid(`metadata.annotations[${annotations.confirmWithin}]`, given[annotations.confirmWithin], why))
  return {
    errors,
    extras: {
      ...(requestId !== undefined && { requestId }),
      ...(waitMs !== undefined && { waitMs }),
      ...(confirmWithinMs !== undefined && { confirmWithinMs }),
      ...(order !== undefined && { addressOrder: order }),
    },
  }
}

function durationWithin(text: string, least: number, most: number): number | undefined {
  const ms = parseDuration(text)
  return ms !== undefined && ms >= least && ms <= most ? ms : undefined
}

/** What keeps an allocation from being on condition that it is confirmed. */
function whyNotOnCondition(spec: AllocationSpec): string | undefined {
  // Games count on: nobody could say afterwards what to take back.
  if (spec.counters !== undefined || spec.lists !== undefined)
    return 'does not go with spec.counters and spec.lists, which cannot be taken back'
  if (selectorsOf(spec).some(demandsOwnerSet)) return 'does not go with servers of game.kruise.io, which nobody would give back'
  return undefined
}

const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, value, detail })
const required = (field: string, detail: string): FieldError => ({ type: 'FieldValueRequired', field, detail })

export function validateAllocation(spec: AllocationSpec): FieldError[] {
  const named = spec.selectors !== undefined && spec.selectors.length > 0
  const paths = named
    ? spec.selectors.map((_, index) => `spec.selectors[${index}]`)
    : [...(spec.preferred ?? []).map((_, index) => `spec.preferred[${index}]`), 'spec.required']
  return [
    ...selectorsOf(spec).flatMap((selector, index) => selectorErrors(selector, paths[index] ?? 'spec.selectors')),
    ...schedulingErrors(spec.scheduling),
    ...(spec.priorities ?? []).flatMap(({ type, key, order = 'Ascending' }, index) => [
      ...(['Counter', 'List'].includes(type) ? [] : [invalid(`spec.priorities[${index}].type`, type, 'must be Counter or List')]),
      ...(key === '' || key === undefined ? [required(`spec.priorities[${index}].key`, 'key is required')] : []),
      ...(['Ascending', 'Descending'].includes(order)
        ? []
        : [invalid(`spec.priorities[${index}].order`, order, 'must be Ascending or Descending')]),
    ]),
    ...Object.entries(spec.metadata?.labels ?? {}).flatMap(([key, value]) => [
      ...(isQualifiedName(key) ? [] : [invalid('spec.metadata.labels', key, 'must be a qualified name')]),
      ...(isLabelValue(value) ? [] : [invalid('spec.metadata.labels', value, 'must be a label value')]),
    ]),
    ...Object.keys(spec.metadata?.annotations ?? {}).flatMap(key =>
      isQualifiedName(key.toLowerCase()) ? [] : [invalid('spec.metadata.annotations', key, 'must be a qualified name')],
    ),
    ...Object.entries(spec.counters ?? {}).flatMap(([key, { action, amount, capacity }]) => {
      const at = `spec.counters[${key}]`
      return [
        ...(action === undefined || action === 'Increment' || action === 'Decrement'
          ? []
          : [invalid(`${at}.action`, action, 'must be Increment or Decrement')]),
        ...((action === undefined) === (amount === undefined) ? [] : [invalid(at, amount ?? action, 'action and amount go together')]),
        ...(amount !== undefined && amount < 0 ? [invalid(`${at}.amount`, amount, 'must be greater than or equal to 0')] : []),
        ...(capacity !== undefined && capacity < 0 ? [invalid(`${at}.capacity`, capacity, 'must be greater than or equal to 0')] : []),
      ]
    }),
    ...Object.entries(spec.lists ?? {}).flatMap(([key, { capacity }]) =>
      capacity === undefined || (capacity >= 0 && capacity <= defaults.listCapacity)
        ? []
        : [invalid(`spec.lists[${key}].capacity`, capacity, `must be between 0 and ${defaults.listCapacity}`)],
    ),
  ]
}

function schedulingErrors(scheduling: string | undefined): FieldError[] {
  if (scheduling === undefined || scheduling === 'Packed' || scheduling === 'Distributed') return []
  return [
    { type: 'FieldValueNotSupported', field: 'spec.scheduling', value: scheduling, detail: 'supported values: "Distributed", "Packed"' },
  ]
}

function selectorErrors(selector: GameServerSelector, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { gameServerState: state } = selector
  if (state !== undefined && state !== 'Ready' && state !== 'Allocated')
    errors.push(invalid(`${path}.gameServerState`, state, 'GameServerState must be either Allocated or Ready'))
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (!isQualifiedName(key)) errors.push(invalid(`${path}.matchLabels`, key, 'must be a qualified name'))
    if (!isLabelValue(value)) errors.push(invalid(`${path}.matchLabels`, value, 'must be a label value'))
  }
  for (const [index, { operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`
    if (!['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator))
      errors.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'))
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
      errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  }
  for (const kind of ['counters', 'lists'] as const) {
    for (const [key, bounds] of Object.entries(selector[kind] ?? {})) {
      const { minAvailable = 0, maxAvailable = 0 } = bounds
      const { minCount = 0, maxCount = 0 } = bounds as { minCount?: number; maxCount?: number }
      const at = `${path}.${kind}[${key}]`
      for (const [name, value] of Object.entries({ minAvailable, maxAvailable, minCount, maxCount }))
        if (value < 0) errors.push(invalid(`${at}.${name}`, value, 'must be greater than or equal to 0'))
      if (maxAvailable > 0 && maxAvailable < minAvailable)
        errors.push(invalid(`${at}.maxAvailable`, maxAvailable, 'must be zero or not less than minAvailable'))
      if (maxCount > 0 && maxCount < minCount) errors.push(invalid(`${at}.maxCount`, maxCount, 'must be zero or not less than minCount'))
    }
  }
  return errors
}
