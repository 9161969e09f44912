import { describe, expect, test } from 'vitest'
import { formatLabelSelector, labelSelectorOf, parseFieldSelector, parseLabelSelector, SelectorError } from './selector.ts'

describe('label selectors', () => {
  const labels = { app: 'game', tier: 'gold', size: '5', 'game.kruise.io/owner-gss': 'mc' }
  test.each([
    ['', true],
    ['app=game', true],
    ['app==game', true],
    ['app = game , tier != iron', true],
    ['app!=game', false],
    ['missing!=x', true],
    ['app in (game, web)', true],
    ['app notin (game,web)', false],
    ['missing notin (a)', true],
    ['app', true],
    ['!app', false],
    ['!missing', true],
    ['size>4', true],
    ['size<5', false],
    ['app>3', false],
    ['game.kruise.io/owner-gss=mc,tier in (gold)', true],
    ['app=', false],
    ['missing=', false],
  ])('%j matches: %j', (text, expected) => {
    expect(parseLabelSelector(text).matches(labels)).toBe(expected)
  })

  test.each(['a=b=c', 'in (a)', 'a in b', 'a,,b', 'a b', '=x', 'a=b!', 'a>x', '-a=b', `a=${'x'.repeat(64)}`])('refuses %j', text => {
    expect(() => parseLabelSelector(text)).toThrow(SelectorError)
  })

  test.each(['app=game', 'app in (a,b),tier!=x', 'a,!b', 'a>1,b<2', 'a notin (x,y)'])('writes %j as it was read', text => {
    expect(formatLabelSelector(parseLabelSelector(text))).toBe(text)
  })

  test('reads the object form', () => {
    const selector = labelSelectorOf({ matchLabels: { app: 'game' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] })
    expect(selector.matches(labels)).toBe(true)
    expect(selector.matches({ app: 'game' })).toBe(false)
    expect(labelSelectorOf({}).matches(undefined)).toBe(true)
    expect(labelSelectorOf(undefined).matches(labels)).toBe(false)
    expect(() => labelSelectorOf({ matchExpressions: [{ key: 'a', operator: 'In' }] })).toThrow(SelectorError)
  })
})

describe('field selectors', () => {
  const fields = { 'metadata.name': 'a', 'spec.nodeName': '', 'status.phase': 'Running' }
  test.each([
    ['', true],
    ['metadata.name=a', true],
    ['metadata.name==a,status.phase=Running', true],
    ['spec.nodeName=', true],
    ['spec.nodeName!=', false],
    ['status.phase!=Running', false],
    ['unknown=', true],
  ])('%j matches: %j', (text, expected) => {
    expect(parseFieldSelector(text).matches(fields)).toBe(expected)
  })

  test('understands escapes', () => {
    expect(parseFieldSelector('a=x\\,y\\=z,b=c').requirements).toEqual([
      { field: 'a', operator: '=', value: 'x,y=z' },
      { field: 'b', operator: '=', value: 'c' },
    ])
  })

  test('refuses what is no comparison', () => {
    expect(() => parseFieldSelector('metadata.name')).toThrow(SelectorError)
  })
})
