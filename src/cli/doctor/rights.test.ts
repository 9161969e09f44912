import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { controllerClusterRights, controllerRights, leaseRights, type Right } from './rights.ts'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

const documents = parseAllDocuments(readFileSync(new URL('../../../deploy/install.yaml', import.meta.url), 'utf8'))
const roles = documents
  .map(document => document.toJS() as { kind: string; metadata: { name: string }; rules?: Rule[] })
  .filter(({ kind, metadata }) => (kind === 'Role' || kind === 'ClusterRole') && metadata.name.startsWith('berth-controller'))
const rules = roles.flatMap(role => role.rules ?? [])

const grants = (rule: Rule, { group, resource, name }: Right, verb: string): boolean =>
  rule.apiGroups.includes(group) &&
  rule.resources.includes(resource) &&
  rule.verbs.includes(verb) &&
  (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name)))

test('what the installation grants covers what the controller is said to need', () => {
  expect(roles.length).toBeGreaterThan(0)
  const missing = [...controllerRights, ...controllerClusterRights, ...leaseRights].flatMap(right =>
    right.verbs.filter(verb => !rules.some(rule => grants(rule, right, verb))).map(verb => `${verb} ${right.resource}`),
  )
  expect(missing).toEqual([])
})
