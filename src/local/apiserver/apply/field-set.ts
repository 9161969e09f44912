import type { StructuralSchema } from '../../../schema/structural.ts'

/**
 * A set of fields in the form of `managedFields[].fieldsV1`: nested path elements (`f:name`, `k:{…}`, `v:…`).
 * A node without children is itself in the set; one with children only if it has the child `.`.
 * The root is never a member: `{}` is the empty set.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

export const EMPTY: FieldSet = Object.freeze({})

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

const isMember = (node: FieldSet) => isEmpty(node) || '.' in node

/** A node from its own membership and its children; undefined when it holds nothing. */
function node(member: boolean, children: Record<string, FieldSet>): FieldSet | undefined {
  delete children['.']
  if (isEmpty(children)) return member ? EMPTY : undefined
  return member ? { '.': EMPTY, ...children } : children
}

// Sets are combined by walking the second, usually small one; what it does not touch of the first is shared.

/** What is in either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a
  return isEmpty(a) ? b : unionOf(a, b, true)
}

function unionOf(a: FieldSet, b: FieldSet, root: boolean): FieldSet {
  let children: Record<string, FieldSet> | undefined
  for (const key in b) {
    const right = b[key]
    if (key === '.' || right === undefined) continue
    const left = a[key]
    const child = left === undefined ? right : unionOf(left, right, false)
    if (child === left) continue
    children ??= { ...a }
    children[key] = child
  }
  if (root) return children ?? a
  const member = isMember(a) || isMember(b)
  if (children === undefined && member === isMember(a)) return a
  return node(member, children ?? { ...a }) ?? EMPTY
}

/** What is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return intersectionOf(a, b, true) ?? EMPTY
}

function intersectionOf(a: FieldSet, b: FieldSet, root: boolean): FieldSet | undefined {
  const children: Record<string, FieldSet> = {}
  for (const key in b) {
    const left = a[key]
    const right = b[key]
    if (key === '.' || left === undefined || right === undefined) continue
    const child = intersectionOf(left, right, false)
    if (child !== undefined) children[key] = child
  }
  return node(!root && isMember(a) && isMember(b), children)
}

/** What is in `a` but not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return differenceOf(a, b, true) ?? EMPTY
}

function differenceOf(a: FieldSet, b: FieldSet, root: boolean): FieldSet | undefined {
  let children: Record<string, FieldSet> | undefined
  for (const key in b) {
    const left = a[key]
    const right = b[key]
    if (key === '.' || left === undefined || right === undefined) continue
    const child = differenceOf(left, right, false)
    if (child === left) continue
    children ??= { ...a }
    if (child === undefined) delete children[key]
    else children[key] = child
  }
  if (root) return children ?? a
  const member = isMember(a) && !isMember(b)
  if (children === undefined && member === isMember(a)) return a
  return node(member, children ?? { ...a })
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true
  let count = 0
  for (const key in a) {
    const other = b[key]
    const own = a[key]
    if (other === undefined || own === undefined || !equalSets(own, other)) return false
    count++
  }
  for (const _ in b) count--
  return count === 0
}

/** The paths of a set, in its own order: `.spec.containers[name="game"].image`. */
export function pathsOf(set: FieldSet): string[] {
  const paths: string[] = []
  const walk = (at: FieldSet, path: string) => {
    if (path !== '' && isMember(at)) paths.push(path)
    for (const key in at) {
      const child = at[key]
      if (key !== '.' && child !== undefined) walk(child, path + elementText(key))
    }
  }
  walk(set, '')
  return paths
}

/** One element of a path, as error texts write it. */
export function elementText(element: string): string {
  const rest = element.slice(2)
  if (element.startsWith('f:')) return `.${rest}`
  if (element.startsWith('k:')) {
    const key = JSON.parse(rest) as Record<string, unknown>
    return `[${Object.entries(key)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(',')}]`
  }
  return element.startsWith('v:') ? `[=${rest}]` : `[${rest}]`
}

/**
 * The path element of a list item: by its keys (`k:`) or its value (`v:`); undefined when a key is missing. A port without a protocol is a
 * TCP port before defaulting says so, as in Kubernetes' own schema.
 */
export function itemElement(item: unknown, schema: StructuralSchema): string | undefined {
  if (schema['x-kubernetes-list-type'] === 'set') return `v:${JSON.stringify(item)}`
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (typeof item !== 'object' || item === null) return undefined
  const object = item as Record<string, unknown>
  let text = ''
  for (const name of keys.length > 1 ? keys.toSorted() : keys) {
    const value = object[name] ?? schema.items?.properties?.[name]?.default ?? (name === 'protocol' ? 'TCP' : undefined)
    if (value === undefined) return undefined
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(value)}`
  }
  return `k:{${text}}`
}
