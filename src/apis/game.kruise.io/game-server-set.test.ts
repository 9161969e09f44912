import { describe, expect, test } from 'vitest'
import { ruleProblems } from '../../schema/cel/rules.ts'
import { cloneJson } from '../../schema/json.ts'
import { prune } from '../../schema/prune.ts'
import { fieldErrorText } from '../../schema/status.ts'
import type { StructuralSchema } from '../../schema/structural.ts'
import { validate } from '../../schema/validate.ts'
import { builtinSchema } from '../core/schemas.ts'
import { okgCustomResourceDefinitions } from './custom-resource-definitions.ts'
import { gameServerCrd } from './game-server.ts'
import { gameServerSetCrd } from './game-server-set.ts'
import type { GameServerSet } from './game-server-set.ts'

const schemaOf = (crd: typeof gameServerSetCrd) => crd.spec.versions[0]!.schema.openAPIV3Schema
const setSchema = schemaOf(gameServerSetCrd)

const minecraft: GameServerSet = {
  apiVersion: 'game.kruise.io/v1alpha1',
  kind: 'GameServerSet',
  metadata: { name: 'minecraft', namespace: 'default', uid: '', resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    replicas: 3,
    updateStrategy: { type: 'OnDelete', rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '30%', partition: 1 } },
    gameServerTemplate: {
      metadata: { labels: { app: 'minecraft' } },
      spec: { containers: [{ image: 'minecraft:1.12.2', name: 'minecraft' }] },
      reclaimPolicy: 'Delete',
    },
    reserveGameServerIds: [1, '4-6'],
    network: {
      networkType: 'Volcengine-CLB',
      networkConf: [
        { name: 'ClbIds', value: 'clb-1' },
        { name: 'PortProtocols', value: '80/TCP' },
      ],
    },
    serviceQualities: [
      {
        name: 'idle',
        containerName: 'minecraft',
        permanent: false,
        exec: { command: ['bash', './idle.sh'] },
        serviceQualityAction: [{ state: true, opsState: 'WaitToBeDeleted' }],
      },
    ],
  },
}

type Spec = Record<string, unknown> & { updateStrategy: { rollingUpdate: Record<string, unknown> }; network?: { networkType: string } }
function changed(change: (spec: Spec) => void): unknown {
  const copy = cloneJson(minecraft) as unknown as { spec: Spec }
  change(copy.spec)
  return copy
}
const texts = (value: unknown, old?: unknown) =>
  validate(setSchema, value, old)
    .map(fieldErrorText)
    .filter(text => !text.includes('some validation rules were not checked'))

test('an everyday set is accepted whole', () => {
  const object = cloneJson(minecraft)
  expect(prune(setSchema, object)).toEqual([])
  expect(object).toEqual(minecraft)
  expect(texts(object)).toEqual([])
})

test('the template keeps what it does not know, the spec does not', () => {
  const object = cloneJson(minecraft) as unknown as { spec: { gameServerTemplate: { spec: Record<string, unknown> }; replica?: number } }
  object.spec.gameServerTemplate.spec['somethingNew'] = { a: 1 }
  object.spec.replica = 3
  expect(prune(setSchema, object)).toEqual(['spec.replica'])
  expect(object.spec.gameServerTemplate.spec['somethingNew']).toEqual({ a: 1 })
})

describe('what the original computed and forgot to refuse', () => {
  test.each<[string, (spec: Spec) => void, RegExp]>([
    [
      'negative replicas',
      spec => (spec['replicas'] = -1),
      /^spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0$/,
    ],
    ['no template', spec => delete spec['gameServerTemplate'], /^spec.gameServerTemplate: Required value$/],
    [
      'no containers',
      spec => (spec['gameServerTemplate'] = { spec: { containers: [] } }),
      /^spec.gameServerTemplate.spec.containers: Invalid value: 0: .* should have at least 1 items$/,
    ],
    [
      'a negative id',
      spec => (spec['reserveGameServerIds'] = [-1]),
      /^spec.reserveGameServerIds\[0\]: Invalid value: -1: .*greater than or equal to 0$/,
    ],
    ['no range', spec => (spec['reserveGameServerIds'] = ['3-']), /^spec.reserveGameServerIds\[0\]: Invalid value: "3-": .*should match/],
    [
      'a range that runs backwards',
      spec => (spec['reserveGameServerIds'] = ['5-3']),
      /^spec.reserveGameServerIds\[0\]: Invalid value: "": the range 5-3 runs backwards$/,
    ],
    ['a repeated id', spec => (spec['reserveGameServerIds'] = [1, 2, 1]), /^spec.reserveGameServerIds\[2\]: Duplicate value: 1$/],
    [
      'an empty network type',
      spec => (spec.network = { networkType: '' }),
      /^spec.network.networkType: Invalid value: "": .*at least 1 chars long$/,
    ],
    [
      'maxUnavailable 0',
      spec => (spec.updateStrategy.rollingUpdate['maxUnavailable'] = 0),
      /maxUnavailable in body should be greater than or equal to 1$/,
    ],
    ['maxUnavailable 0%', spec => (spec.updateStrategy.rollingUpdate['maxUnavailable'] = '0%'), /maxUnavailable in body should match/],
    ['minReadySeconds 301', spec => (spec.updateStrategy.rollingUpdate['minReadySeconds'] = 301), /should be less than or equal to 300$/],
    [
      'a wrong policy',
      spec => (spec.updateStrategy.rollingUpdate['podUpdatePolicy'] = 'InPlace'),
      /podUpdatePolicy: Unsupported value: "InPlace": supported values: "", "ReCreate", "InPlaceIfPossible", "InPlaceOnly"$/,
    ],
    [
      'a wrong type',
      spec => (spec['replicas'] = 'three'),
      /^spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"$/,
    ],
  ])('%s', (_, change, expected) => {
    expect(texts(changed(change))).toEqual([expect.stringMatching(expected)])
  })
})

test('the network type is immutable, but a network may come and go', () => {
  const other = changed(spec => (spec.network = { networkType: 'HwCloud-ELB' }))
  const none = changed(spec => delete spec.network)
  expect(texts(other, minecraft)).toEqual(['spec.network.networkType: Forbidden: networkType cannot be changed'])
  expect(texts(minecraft, none)).toEqual([])
  expect(texts(none, minecraft)).toEqual([])
})

test.each(okgCustomResourceDefinitions.map(crd => [crd.spec.names.kind, crd] as const))('the CRD of %s is well formed', (_, crd) => {
  const meta = builtinSchema({ group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' })!
  const copy = JSON.parse(JSON.stringify(crd)) as unknown
  expect(prune(meta, copy)).toEqual([])
  expect(validate(meta, copy, undefined, { duplicates: false }).map(fieldErrorText)).toEqual([])
  expect(ruleProblems(schemaOf(crd))).toEqual([])
})

test('every field can be explained', () => {
  const silent: string[] = []
  const walk = (schema: StructuralSchema, path: string) => {
    for (const [name, member] of Object.entries(schema.properties ?? {})) {
      if (member.description === undefined && path + name !== '.metadata') silent.push(`${path}.${name}`)
      walk(member, `${path}.${name}`)
    }
    if (schema.items !== undefined) walk(schema.items, `${path}[]`)
  }
  for (const crd of [gameServerSetCrd, gameServerCrd])
    walk({ properties: { spec: schemaOf(crd).properties!['spec']!, status: schemaOf(crd).properties!['status']! } }, '')
  expect(silent).toEqual([])
})

test('columns and required members are the ones users know', () => {
  expect(gameServerSetCrd.spec.versions[0]!.additionalPrinterColumns!.map(column => column.name)).toEqual([
    'DESIRED',
    'CURRENT',
    'UPDATED',
    'READY',
    'Maintaining',
    'WaitToBeDeleted',
    'PreDelete',
    'AGE',
  ])
  expect(gameServerCrd.spec.versions[0]!.additionalPrinterColumns!.map(column => column.name)).toEqual([
    'STATE',
    'OPSSTATE',
    'DP',
    'UP',
    'AGE',
  ])
  expect(setSchema.properties!['status']!.required).toEqual([
    'replicas',
    'readyReplicas',
    'availableReplicas',
    'currentReplicas',
    'updatedReplicas',
  ])
})

test('unstamped times of a GameServer stay null', () => {
  const object = { spec: {}, status: { lastTransitionTime: null, networkStatus: { createTime: null, lastTransitionTime: null } } }
  expect(validate(schemaOf(gameServerCrd), object)).toEqual([])
})
