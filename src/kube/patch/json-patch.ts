import { isJsonObject } from '../../schema/json.ts'
import { jsonEqual, setKey } from './json.ts'
import { PatchError } from './patch-error.ts'

/** Kubernetes' own bound on the length of a patch. */
const MAX_OPERATIONS = 10_000

/**
 * Applies a JSON patch (RFC 6902; as Kubernetes, negative list indexes count from the end and replacing a member that is not there adds it). All or nothing; the document is not changed.
 * @throws PatchError `Malformed` for what is no patch, `NotApplicable` for failed tests and missing paths, in the words of Kubernetes' library.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw new PatchError('Malformed', 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp')
  if (patch.length > MAX_OPERATIONS) {
    throw new PatchError('Malformed', `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`)
  }
  let result = document
  for (const operation of patch) result = step(result, operation)
  return result
}

function step(document: unknown, operation: unknown): unknown {
  if (!isJsonObject(operation)) throw new PatchError('Malformed', 'json: cannot unmarshal value into Go value of type jsonpatch.Operation')
  const op = operation['op']
  const path = text(operation, 'path')
  switch (op) {
    case 'add':
      return write(document, tokens(path), path, 'add', operation['value'] ?? null)
    case 'replace':
      return write(document, tokens(path), path, 'replace', operation['value'] ?? null)
    case 'remove':
      return remove(document, tokens(path), path)
    case 'test': {
      const found = read(document, tokens(path))
      if (!jsonEqual(found ?? null, operation['value'] ?? null))
        throw new PatchError('NotApplicable', `testing value ${path} failed: test failed`)
      return document
    }
    case 'move':
    case 'copy': {
      const from = text(operation, 'from')
      const value = read(document, tokens(from))
      if (value === undefined)
        throw new PatchError('NotApplicable', `${op} operation does not apply: doc is missing from path: ${from}: missing value`)
      if (op === 'copy') return write(document, tokens(path), path, 'add', value)
      if (path.startsWith(`${from}/`)) throw new PatchError('NotApplicable', `move operation does not apply: ${path} is inside ${from}`)
      return write(remove(document, tokens(from), from), tokens(path), path, 'add', value)
    }
    default:
      throw new PatchError('NotApplicable', `Unexpected kind: ${String(op)}`)
  }
}

function text(operation: Record<string, unknown>, key: 'path' | 'from'): string {
  const value = operation[key]
  if (typeof value !== 'string') throw new PatchError('NotApplicable', `Unable to decode ${key}: missing value`)
  return value
}

/** The reference tokens of a JSON pointer (RFC 6901). */
function tokens(pointer: string): string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw new PatchError('NotApplicable', `doc is missing path: "${pointer}": missing value`)
  return pointer
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function read(document: unknown, path: readonly string[]): unknown {
  let at = document
  for (const token of path) {
    if (Array.isArray(at)) at = at[existing(at, token) ?? at.length]
    else if (isJsonObject(at) && Object.hasOwn(at, token)) at = at[token]
    else return undefined
  }
  return at
}

function existing(list: readonly unknown[], token: string): number | undefined {
  if (!/^-?(0|[1-9]\d*)$/.test(token)) return undefined
  const index = Number(token) < 0 ? list.length + Number(token) : Number(token)
  return index >= 0 && index < list.length ? index : undefined
}

type Change = (parent: Record<string, unknown> | unknown[], token: string) => Record<string, unknown> | unknown[]

/** Copies the containers along a path, applies the change to the last one, and shares everything else. */
function change(document: unknown, path: readonly string[], depth: number, missing: () => PatchError, at: Change): unknown {
  const token = path[depth]
  if (token === undefined || typeof document !== 'object' || document === null) throw missing()
  const container = document as Record<string, unknown> | unknown[]
  if (depth === path.length - 1) return at(container, token)
  if (Array.isArray(container)) {
    const index = existing(container, token)
    if (index === undefined) throw missing()
    return container.with(index, change(container[index], path, depth + 1, missing, at))
  }
  if (!Object.hasOwn(container, token)) throw missing()
  const copy = { ...container }
  setKey(copy, token, change(container[token], path, depth + 1, missing, at))
  return copy
}

function write(document: unknown, path: readonly string[], pointer: string, op: 'add' | 'replace', value: unknown): unknown {
  if (path.length === 0) return value
  const missing = () => new PatchError('NotApplicable', `${op} operation does not apply: doc is missing path: "${pointer}": missing value`)
  const noKey = () => new PatchError('NotApplicable', `${op} operation does not apply: doc is missing key: ${pointer}: missing value`)
  return change(document, path, 0, missing, (parent, token) => {
    if (!Array.isArray(parent)) {
      const copy = { ...parent }
      setKey(copy, token, value)
      return copy
    }
    if (op === 'replace') {
      const index = existing(parent, token)
      if (index === undefined) throw noKey()
      return parent.with(index, value)
    }
    if (token === '-' || token === String(parent.length)) return [...parent, value]
    const index = existing(parent, token)
    if (index === undefined) {
      throw new PatchError(
        'NotApplicable',
        `add operation does not apply: Unable to access invalid index: ${token}: invalid index referenced`,
      )
    }
    return parent.toSpliced(index, 0, value)
  })
}

function remove(document: unknown, path: readonly string[], pointer: string): unknown {
  const missing = () => new PatchError('NotApplicable', `remove operation does not apply: doc is missing path: "${pointer}": missing value`)
  return change(document, path, 0, missing, (parent, token) => {
    if (Array.isArray(parent)) {
      const index = existing(parent, token)
      if (index === undefined) throw missing()
      return parent.toSpliced(index, 1)
    }
    if (!Object.hasOwn(parent, token))
      throw new PatchError('NotApplicable', `remove operation does not apply: doc is missing key: ${pointer}: missing value`)
    const { [token]: _, ...rest } = parent
    return rest
  })
}
