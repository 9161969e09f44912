import { describe, expect, it } from 'vitest'
import type { StructuralSchema } from '../../schema/structural.ts'
import { PatchError } from './patch-error.ts'
import { applyStrategicPatch } from './strategic-patch.ts'

const text: StructuralSchema = { type: 'string' }
const schema: StructuralSchema = {
  type: 'object',
  properties: {
    containers: {
      type: 'array',
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
      items: {
        type: 'object',
        properties: {
          name: text,
          image: text,
          args: { type: 'array', items: text },
          env: {
            type: 'array',
            'x-kubernetes-patch-merge-key': 'name',
            'x-kubernetes-patch-strategy': 'merge',
            items: { type: 'object', properties: { name: text, value: text } },
          },
        },
      },
    },
    finalizers: { type: 'array', items: text, 'x-kubernetes-patch-strategy': 'merge' },
    strategy: {
      type: 'object',
      'x-kubernetes-patch-strategy': 'retainKeys',
      properties: { type: text, rollingUpdate: { type: 'object' } },
    },
    labels: { type: 'object', additionalProperties: text },
    whole: { type: 'object', 'x-kubernetes-patch-strategy': 'replace', properties: { a: text, b: text } },
  },
}

const a = { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] }
const b = { name: 'b', image: 'b:1' }

describe('applyStrategicPatch', () => {
  it.each<[string, unknown, unknown, unknown]>([
    [
      'merges lists by key',
      { containers: [a, b] },
      { containers: [{ name: 'b', image: 'b:2' }] },
      { containers: [a, { name: 'b', image: 'b:2' }] },
    ],
    [
      'merges lists within lists',
      { containers: [a] },
      { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] },
      {
        containers: [
          {
            ...a,
            env: [
              { name: 'Y', value: '2' },
              { name: 'X', value: '1' },
            ],
          },
        ],
      },
    ],
    [
      'adds what is new',
      { containers: [b] },
      { containers: [{ name: 'c', image: 'c:1' }] },
      { containers: [{ name: 'c', image: 'c:1' }, b] },
    ],
    ['deletes by key', { containers: [a, b] }, { containers: [{ name: 'a', $patch: 'delete' }] }, { containers: [b] }],
    ['replaces a list', { containers: [a, b] }, { containers: [{ name: 'c' }, { $patch: 'replace' }] }, { containers: [{ name: 'c' }] }],
    [
      'replaces plain lists',
      { containers: [{ ...a, args: ['x', 'y'] }] },
      { containers: [{ name: 'a', args: ['z'] }] },
      { containers: [{ ...a, args: ['z'] }] },
    ],
    [
      'orders as asked',
      { containers: [a, b] },
      { $setElementOrder: undefined, '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      { containers: [b, a] },
    ],
    [
      'orders merged and new items',
      { containers: [a, b] },
      { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }, { name: 'b' }], containers: [{ name: 'c' }] },
      { containers: [{ name: 'c' }, a, b] },
    ],
    ['merges primitive lists', { finalizers: ['x', 'y'] }, { finalizers: ['z', 'x'] }, { finalizers: ['z', 'x', 'y'] }],
    ['deletes from primitive lists', { finalizers: ['x', 'y'] }, { '$deleteFromPrimitiveList/finalizers': ['x'] }, { finalizers: ['y'] }],
    [
      'retains keys',
      { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
      { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      { strategy: { type: 'Recreate' } },
    ],
    ['merges maps and drops nulls', { labels: { a: '1', b: '2' } }, { labels: { b: null, c: '3' } }, { labels: { a: '1', c: '3' } }],
    ['replaces a map by directive', { labels: { a: '1' } }, { labels: { $patch: 'replace', b: '2' } }, { labels: { b: '2' } }],
    ['empties a map by directive', { labels: { a: '1' } }, { labels: { $patch: 'delete' } }, { labels: {} }],
    ['replaces by strategy', { whole: { a: '1' } }, { whole: { b: '2' } }, { whole: { b: '2' } }],
    [
      'ignores nulls and directives for what was not there',
      {},
      { labels: { a: null, b: '1' }, containers: [{ name: 'x', $patch: 'delete' }] },
      { labels: { b: '1' }, containers: [] },
    ],
    ['leaves nothing of a directive for a map that was not there', {}, { labels: { $patch: 'replace', a: '1' } }, { labels: {} }],
    ['removes a list', { containers: [a] }, { containers: null }, {}],
  ])('%s', (_, original, patch, expected) => {
    expect(applyStrategicPatch(original, patch, schema)).toEqual(expected)
  })

  it('keeps the server order where the patch does not touch it', () => {
    const list = ['a', 'b', 'c'].map(name => ({ name }))
    const patched = applyStrategicPatch({ containers: list }, { containers: [{ name: 'b', image: 'x' }] }, schema)
    expect(patched).toEqual({ containers: [{ name: 'a' }, { name: 'b', image: 'x' }, { name: 'c' }] })
  })

  it('does not change a frozen original', () => {
    const original = Object.freeze({ containers: Object.freeze([Object.freeze({ ...a }), Object.freeze({ ...b })]) })
    const result = applyStrategicPatch(original, { containers: [{ name: 'b', image: 'b:9' }] }, schema) as typeof original
    expect(result.containers[0]).toBe(original.containers[0])
    expect(original.containers[1]?.image).toBe('b:1')
  })

  it.each([
    ['a list item without its key', { containers: [{ image: 'x' }] }, 'does not contain declared merge key: name'],
    [
      'a list in another order than it asks for',
      { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'a', image: 'x' }] },
      "The order in patch list:\n[map[image:x name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
    ],
    ['an unknown directive', { labels: { $patch: 'explode' } }, 'unknown patch type: "explode"'],
    ['a patch that is no object', [1], 'strategic merge patch is an object'],
  ])('refuses %s', (_, patch, message) => {
    const apply = () => applyStrategicPatch({ labels: { a: '1' }, containers: [a] }, patch, schema)
    expect(apply).toThrow(PatchError)
    expect(apply).toThrow(message)
  })
})
