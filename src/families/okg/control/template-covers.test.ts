import { expect, test } from 'vitest'
import { firstDifference } from './template-covers.ts'

const conf = 'game.kruise.io/network-conf'
const resources = (cpu: string) => ({ resources: { limits: { cpu } } })

test.each<[string, unknown, unknown, string | undefined]>([
  ['the same', { a: 1 }, { a: 1 }, undefined],
  ['defaults and what others add', { a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }, undefined],
  ['another value', { spec: { containers: [{ image: 'x:2' }] } }, { spec: { containers: [{ image: 'x:1' }] } }, 'spec.containers[0].image'],
  ['a missing member', { a: { b: 1 } }, { a: {} }, 'a.b'],
  ['a missing object', { a: { b: 1 } }, {}, 'a'],
  ['nothing asked for', { a: {}, b: [], c: null, d: undefined }, {}, undefined],
  ['a further container', { c: [1, 2] }, { c: [1] }, 'c'],
  ['quantities in another form', resources('0.5'), resources('500m'), undefined],
  ['another quantity', resources('0.5'), resources('600m'), 'resources.limits.cpu'],
  ['quantities count only as such', { env: '1000m' }, { env: '1' }, 'env'],
  ['parameters in another order', { [conf]: '[{"name":"a","value":"b"}]' }, { [conf]: '[{"value":"b","name":"a"}]' }, undefined],
  ['no parameters', { [conf]: '[]' }, { [conf]: 'null' }, undefined],
  ['other parameters', { [conf]: '[{"name":"a","value":"b"}]' }, { [conf]: '[]' }, conf],
  ['parameters that are no JSON', { [conf]: '[]' }, { [conf]: '[' }, conf],
])('%s', (_name, wanted, stored, expected) => {
  expect(firstDifference(wanted, stored)).toBe(expected)
})
