import type { LabelSelectorObject } from '../../../kube/selector.ts'
import type { PodSpec } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

export const NONE = '<none>'
export const UNSET = '<unset>'

/** `a=b,c=d`, or `<none>`. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const text = Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join(',')
  return text === '' ? NONE : text
}

/** A label selector as kubectl prints it. */
export function selectorText(selector: LabelSelectorObject | undefined): string {
  if (selector === undefined) return NONE
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${(values ?? []).join(',')})`
  })
  const text = [...equal, ...expressions].toSorted().join(',')
  return text === '' ? NONE : text
}

/** Names and images of a pod template's containers, each joined by commas. */
export function containerTexts(spec: DeepReadonly<PodSpec> | undefined): [names: string, images: string] {
  const containers = spec?.containers ?? []
  return [containers.map(container => container.name).join(','), containers.map(container => container.image ?? '').join(',')]
}

/** At most three items, then ` + N more...`; `empty` when there are none. */
export function shortList(items: readonly string[], empty: string): string {
  if (items.length === 0) return empty
  const text = items.slice(0, 3).join(',')
  return items.length > 3 ? `${text} + ${items.length - 3} more...` : text
}

const modes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

/** `RWO,ROX` */
export function accessModesText(list: readonly string[] | undefined): string {
  return Object.keys(modes)
    .filter(mode => list?.includes(mode))
    .map(mode => modes[mode])
    .join(',')
}
