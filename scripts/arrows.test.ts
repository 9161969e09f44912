import { expect, test } from 'vitest'
import { allowed, roomOf } from './arrows.ts'

test.each([
  ['families/okg/game-server/controller.ts', 'servers/plan.ts', true],
  ['servers/plan.ts', 'kube/clock.ts', true],
  ['servers/plan.ts', 'addresses/model.ts', false],
  ['addresses/engine.ts', 'families/okg/admission.ts', false],
  ['local/cluster.ts', 'families/okg/admission.ts', false],
  ['local/cluster.ts', 'addresses/engine.ts', false],
  ['kube/store.ts', 'apis/core/resources.generated.ts', false],
  ['schema/status.ts', 'kube/object.ts', true],
  ['main/berth.ts', 'cli/program.ts', true],
  ['cli/program.ts', 'main/berth.ts', false],
  ['families/okg/x.ts', 'families/agones/y.ts', false],
  ['cli/x.ts', '../package.json', false],
])('%s may import %s: %s', (from, to, expected) => {
  expect(allowed(roomOf(from), roomOf(to))).toBe(expected)
})
