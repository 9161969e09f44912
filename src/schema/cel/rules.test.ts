import { describe, expect, test } from 'vitest'
import { s } from '../builder.ts'
import { fieldErrorText } from '../status.ts'
import type { StructuralSchema } from '../structural.ts'
import { validate } from '../validate.ts'
import { compile } from './program.ts'
import { ruleProblems } from './rules.ts'

const texts = (schema: StructuralSchema, value: unknown, old?: unknown) => validate(schema, value, old).map(fieldErrorText)

const schema = s.object({
  spec: s.object(
    {
      min: s.optional(s.int32()),
      max: s.optional(s.int32()),
      type: s.optional(s.string({ validations: [{ rule: 'self == oldSelf', message: 'is immutable' }] })),
      ports: s.optional(
        s.list(s.object({ name: s.string(), port: s.int32({ validations: [{ rule: 'self >= oldSelf', message: 'may only grow' }] }) }), {
          listType: 'map',
          mapKeys: ['name'],
        }),
      ),
    },
    {
      validations: [
        {
          rule: '!has(self.min) || !has(self.max) || self.min <= self.max',
          messageExpression: "'min %d is above max %d'.format([self.min, self.max])",
          fieldPath: '.min',
        },
      ],
    },
  ),
})

describe('x-kubernetes-validations', () => {
  test.each<[string, unknown, unknown, string[]]>([
    ['holds', { spec: { min: 1, max: 2 } }, undefined, []],
    [
      'messageExpression and fieldPath',
      { spec: { min: 3, max: 2 } },
      undefined,
      ['spec.min: Invalid value: "object": min 3 is above max 2'],
    ],
    ['transition rule without old', { spec: { type: 'a' } }, undefined, []],
    ['transition rule where old has no value', { spec: { type: 'a' } }, { spec: {} }, []],
    ['transition rule', { spec: { type: 'a' } }, { spec: { type: 'b' } }, ['spec.type: Invalid value: "string": is immutable']],
    [
      'items are found by key',
      {
        spec: {
          ports: [
            { name: 'b', port: 1 },
            { name: 'a', port: 1 },
          ],
        },
      },
      {
        spec: {
          ports: [
            { name: 'a', port: 5 },
            { name: 'b', port: 1 },
          ],
        },
      },
      ['spec.ports[1].port: Invalid value: "integer": may only grow'],
    ],
  ])('%s', (_, value, old, expected) => {
    expect(texts(schema, value, old)).toEqual(expected)
  })

  test('rules wait for the shape they were written for', () => {
    expect(texts(schema, { spec: { min: 'x', max: 1 } })).toEqual([
      'spec.min: Invalid value: "string": spec.min in body must be of type integer: "string"',
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ])
  })

  test('the default message names the rule', () => {
    expect(texts(s.object({ a: s.int32({ validations: [{ rule: 'self >\n  5' }] }) }), { a: 1 })).toEqual([
      'a: Invalid value: "integer": failed rule: self >\n  5',
    ])
  })

  test('optionalOldSelf runs on create too', () => {
    const once = s.object({
      a: s.int32({ validations: [{ rule: 'oldSelf.hasValue() || self == 1', optionalOldSelf: true, message: 'starts at 1' }] }),
    })
    expect(texts(once, { a: 2 })).toEqual(['a: Invalid value: "integer": starts at 1'])
    expect(texts(once, { a: 2 }, { a: 1 })).toEqual([])
  })

  test('preserved fields are invisible', () => {
    const open = s.object({ t: s.open({ a: s.optional(s.int32()) }, { validations: [{ rule: '!has(self.b)', message: 'sees b' }] }) })
    expect(texts(open, { t: { a: 1, b: 2 } })).toEqual([])
  })

  test('a rule that fails to run refuses the value', () => {
    expect(texts(s.object({ a: s.string({ validations: [{ rule: 'int(self) > 0' }] }) }), { a: 'x' })[0]).toMatch(
      /^a: Invalid value: "string": .*convert.* evaluating rule: int\(self\) > 0$/,
    )
  })

  test('cost is bounded', () => {
    const quadratic = s.object({
      a: s.list(s.int32(), { validations: [{ rule: 'self.all(x, self.exists(y, self.exists(z, x == y + z)))' }] }),
    })
    expect(texts(quadratic, { a: Array.from({ length: 2_000 }, (_, at) => at) })[0]).toContain('cost limit exceeded')
  })

  test('rules that do not compile are found', () => {
    expect(ruleProblems(s.object({ a: s.int32({ validations: [{ rule: 'self >' }] }) }))).toEqual([
      { path: '.properties[a].x-kubernetes-validations[0].rule', message: expect.stringContaining('compilation failed') },
    ])
  })
})

describe('libraries of Kubernetes', () => {
  test.each<[string, unknown]>([
    ['[1, 2, 2].isSorted()', true],
    ["['b', 'a'].isSorted()", false],
    ['[1, 2, 3].sum() == 6', true],
    ['[3, 1].min() == 1 && [3, 1].max() == 3', true],
    ["['a', 'b'].indexOf('b') == 1 && [1].lastIndexOf(2) == -1", true],
    ["'a1b22'.find('[0-9]+')", '1'],
    ["'a1b22'.findAll('[0-9]+') == ['1', '22']", true],
    ["'a.b.c'.replace('.', '-', 1)", 'a-b.c'],
    ["'%s has %d of %.1f%%'.format(['x', 3, 2.55])", 'x has 3 of 2.5%'],
    ["quantity('1').isGreaterThan(quantity('500m'))", true],
    ["quantity('1Gi').compareTo(quantity('1024Mi')) == 0", true],
    ["isQuantity('1X')", false],
    ["url('https://a.b:8/c').getPort()", '8'],
    ["isIP('10.0.0.1') && ip('::1').family() == 6 && isCIDR('10.0.0.0/8')", true],
    ["duration('1h') > duration('59m')", true],
    ['self.size() == 3', true],
  ])('%s', (expression, expected) => {
    expect(compile(expression).run(['a', 'b', 'c'], undefined, 3)).toEqual(expected)
  })

  test('equal expressions are compiled once', () => {
    expect(compile('self == 1')).toBe(compile('self == 1'))
  })
})
