import { expect, it } from 'vitest'
import { isLabelValue, isQualifiedName } from './label-syntax.ts'

it.each([
  ['', true],
  ['a', true],
  ['a_b.c-1', true],
  ['x'.repeat(63), true],
  ['x'.repeat(64), false],
  ['-a', false],
  ['a.', false],
  ['a/b', false],
  ['a b', false],
])('value %j: %s', (text, expected) => {
  expect(isLabelValue(text)).toBe(expected)
})

it.each([
  ['app', true],
  ['game.kruise.io/owner-gss', true],
  ['', false],
  ['a/', false],
  ['/a', false],
  ['a/b/c', false],
  ['Example.com/a', false],
  ['a..b/c', false],
  ['my key', false],
])('key %j: %s', (text, expected) => {
  expect(isQualifiedName(text)).toBe(expected)
})
