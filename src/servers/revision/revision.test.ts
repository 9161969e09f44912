import { describe, expect, it } from 'vitest'
import type { Template } from '../model.ts'
import { type Difference, differenceOf } from './difference.ts'
import { hashTemplate } from './hash.ts'
import { historySteps, undoTarget } from './history.ts'

const base: Template = {
  metadata: { labels: { app: 'x' } } as never,
  spec: {
    containers: [{ name: 'game', image: 'game:1', ports: [{ containerPort: 80 }] }],
    initContainers: [{ name: 'init', image: 'init:1' }],
  },
}
const withSpec = (spec: object): Template => ({ ...base, spec: { ...base.spec!, ...spec } })
const nothing = { labels: {}, annotations: {} }

describe('differenceOf', () => {
  it.each<[string, Template, Difference]>([
    ['the same', base, { kind: 'nothing' }],
    ['an absent field and null', withSpec({ nodeSelector: null }), { kind: 'nothing' }],
    [
      'a label',
      { ...base, metadata: { labels: { app: 'y', b: '1' } } as never },
      { kind: 'metadata', metadata: { labels: { app: 'y', b: '1' }, annotations: {} } },
    ],
    [
      'a removed label',
      { ...base, metadata: {} as never },
      { kind: 'metadata', metadata: { labels: { app: undefined }, annotations: {} } },
    ],
    [
      'an image',
      withSpec({ containers: [{ ...base.spec!.containers[0]!, image: 'game:2' }] }),
      { kind: 'images', metadata: nothing, images: [{ container: 'game', image: 'game:2' }] },
    ],
    [
      'an init image',
      withSpec({ initContainers: [{ name: 'init', image: 'init:2' }] }),
      { kind: 'recreate', path: 'spec.initContainers[0].image' },
    ],
    [
      'a new container',
      withSpec({ containers: [...base.spec!.containers, { name: 'b', image: 'b' }] }),
      { kind: 'recreate', path: 'spec.containers[1]' },
    ],
    [
      'a port',
      withSpec({ containers: [{ ...base.spec!.containers[0]!, ports: [{ containerPort: 81 }] }] }),
      { kind: 'recreate', path: 'spec.containers[0].ports[0].containerPort' },
    ],
    [
      'a renamed container',
      withSpec({ containers: [{ ...base.spec!.containers[0]!, name: 'other' }] }),
      { kind: 'recreate', path: 'spec.containers[0].name' },
    ],
    [
      'a removed image',
      withSpec({ containers: [{ name: 'game', ports: [{ containerPort: 80 }] }] }),
      { kind: 'recreate', path: 'spec.containers[0].image' },
    ],
  ])('%s', (_, to, expected) => {
    expect(differenceOf(base, to)).toEqual(expected)
  })
})

describe('hashTemplate', () => {
  it('does not depend on the order of keys and is a valid label value', () => {
    expect(hashTemplate({ spec: { containers: [{ image: 'a', name: 'b' }], hostname: 'h' } })).toBe(
      hashTemplate({ spec: { hostname: 'h', containers: [{ name: 'b', image: 'a' }] } }),
    )
    expect(hashTemplate(base)).toMatch(/^[a-z0-9]{10}$/)
    expect(hashTemplate(base)).not.toBe(hashTemplate(withSpec({ hostname: 'h' })))
  })
})

describe('history', () => {
  const stored = [1, 2, 3, 4].map(number => ({ id: `r${number}`, number }))
  it.each([
    ['a new template', 'r9', [], 10, [{ do: 'create', number: 5 }]],
    ['the newest', 'r4', [], 10, []],
    ['an older one is back', 'r2', [], 10, [{ do: 'renumber', id: 'r2', number: 5 }]],
    ['the limit spares those in use', 'r4', ['r1'], 1, [{ do: 'delete', id: 'r2' }]],
  ])('%s', (_, target, inUse, limit, expected) => {
    expect(historySteps(stored, target, new Set(inUse), limit)).toEqual(expected)
  })

  it('goes back by one or to a number', () => {
    expect(undoTarget(stored)?.id).toBe('r3')
    expect(undoTarget(stored, 1)?.id).toBe('r1')
    expect(undoTarget(stored.slice(0, 1))).toBeUndefined()
  })
})
