import type { ObjectRef } from '../kube/client.ts'
import type { Connection } from './connection.ts'
import { type ServedKind } from './discovery.ts'
import { usageError } from './exit-code.ts'

/** Kinds and names of a command line, resolved. No names means all objects of the kind. */
export interface Target {
  readonly kind: ServedKind
  readonly names: readonly string[]
}

/** What `all` stands for here: what a game server is made of. */
const allKinds = ['gameserversets.game.kruise.io', 'gameservers.game.kruise.io', 'pods', 'services']

/** Reads `KIND[,KIND…] [NAME…]` and `KIND/NAME…`, as kubectl does. */
export async function parseTargets({ discovery }: Connection, words: readonly string[]): Promise<Target[]> {
  const [first = '', ...rest] = words
  if (words.some(word => word.includes('/'))) {
    const targets = new Map<ServedKind, string[]>()
    for (const word of words) {
      const [kindName = '', name = '', ...more] = word.split('/')
      if (kindName === '' || name === '' || more.length > 0) throw usageError(`"${word}" is not of the form KIND/NAME, as the others are`)
      const kind = await discovery.find(kindName)
      targets.set(kind, [...(targets.get(kind) ?? []), name])
    }
    return [...targets].map(([kind, names]) => ({ kind, names }))
  }
  if (first === 'all') {
    if (rest.length > 0) throw usageError('"all" takes no names')
    const kinds = await Promise.all(allKinds.map(name => discovery.find(name).catch(() => undefined)))
    return kinds.flatMap(kind => (kind === undefined ? [] : [{ kind, names: [] }]))
  }
  const kindNames = first.split(',').filter(name => name !== '')
  if (kindNames.length > 1 && rest.length > 0) throw usageError('names can be given for one kind only; use KIND/NAME for several')
  return Promise.all(kindNames.map(async name => ({ kind: await discovery.find(name), names: rest })))
}

/** Where an object of the kind is: cluster-scoped kinds have no namespace. */
export function refOf({ namespace }: Connection, { type }: ServedKind, name: string): ObjectRef {
  return type.namespaced ? { namespace, name } : { name }
}
