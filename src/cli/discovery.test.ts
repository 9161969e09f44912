import { describe, expect, test } from 'vitest'
import { matchKind, type ServedKind } from './discovery.ts'

describe('kinds are found by every name people use', () => {
  const kind = (group: string, plural: string, kindName: string, ...shortNames: string[]): ServedKind => ({
    type: { group, version: group === '' ? 'v1' : 'v1alpha1', plural, kind: kindName, namespaced: true },
    singular: kindName.toLowerCase(),
    shortNames,
    categories: [],
    verbs: [],
    subresources: [],
  })
  const kinds = [
    kind('', 'pods', 'Pod', 'po'),
    kind('agones.dev', 'gameservers', 'GameServer', 'gs'),
    kind('game.kruise.io', 'gameservers', 'GameServer', 'gs'),
    kind('x.io', 'gs', 'Gs'),
  ]
  test.each([
    ['pods', '/pods'],
    ['Pod', '/pods'],
    ['po', '/pods'],
    ['pods.v1', '/pods'],
    ['gameserver', 'agones.dev/gameservers'],
    ['gameservers.game.kruise.io', 'game.kruise.io/gameservers'],
    ['gs.game.kruise.io', 'game.kruise.io/gameservers'],
    ['gameserver.v1alpha1.game.kruise.io', 'game.kruise.io/gameservers'],
    ['gs', 'x.io/gs'],
    ['nothing', undefined],
  ])('%s', (name, found) => {
    const type = matchKind(kinds, name)?.type
    expect(type === undefined ? undefined : `${type.group}/${type.plural}`).toBe(found)
  })
})
