import { expect, test } from 'vitest'
import { matchConditionProblem, matchConditionsHold } from './match-condition.ts'

const request = { operation: 'UPDATE', userInfo: { username: 'ada', groups: ['players'] }, dryRun: false }
const spec = (replicas: number, image = 'a') => ({ metadata: { name: 'x' }, spec: { replicas, containers: [{ image, ports: [1, 2] }] } })
const conditions = (...expressions: string[]) => expressions.map((expression, at) => ({ name: `c${at}`, expression }))

test.each<[string, unknown, unknown, boolean]>([
  ["request.userInfo.username != 'system:serviceaccount:a:b'", {}, {}, true],
  ["request.userInfo.username != 'ada'", {}, {}, false],
  ["'players' in request.userInfo.groups", {}, {}, true],
  ['object.spec != oldObject.spec', spec(1), spec(1), false],
  ['object.spec != oldObject.spec', spec(2), spec(1), true],
  ['object.spec != oldObject.spec', spec(1, 'b'), spec(1), true],
  ["request.operation == 'CREATE' || object.spec != oldObject.spec", spec(1), spec(1), false],
  ['has(object.spec) && (!has(oldObject.spec) || object.spec != oldObject.spec)', spec(1), { metadata: {} }, true],
  ['has(object.spec) && (!has(oldObject.spec) || object.spec != oldObject.spec)', { metadata: {} }, { metadata: {} }, false],
  ['oldObject == null', {}, null, true],
  ['object.spec.replicas > 1', spec(2), null, true],
])('%s', (expression, object, oldObject, expected) => {
  expect(matchConditionsHold(conditions(expression), { object, oldObject, request })).toBe(expected)
})

test('all must hold', () => {
  const variables = { object: {}, oldObject: null, request }
  expect(matchConditionsHold([], variables)).toBe(true)
  expect(matchConditionsHold(conditions('true', 'false'), variables)).toBe(false)
})

test('one that is false decides, also over one that cannot be evaluated', () => {
  const variables = { object: {}, oldObject: null, request }
  expect(matchConditionsHold(conditions('object.spec.replicas > 1', 'false'), variables)).toBe(false)
  expect(() => matchConditionsHold(conditions('object.spec.replicas > 1', 'true'), variables)).toThrow(/match condition "c0"/)
  expect(() => matchConditionsHold(conditions("'text'"), variables)).toThrow('must evaluate to bool')
})

test.each<[string, RegExp | undefined]>([
  ['object.x == 1', undefined],
  ['object.x ==', /^compilation failed: /],
  ['self.x == 1', /^compilation failed: .*self/],
])('%s compiles or says why not', (expression, problem) => {
  if (problem === undefined) expect(matchConditionProblem(expression)).toBeUndefined()
  else expect(matchConditionProblem(expression)).toMatch(problem)
})
