import { describe, expect, it } from 'vitest'
import type { Fleet } from '../../apis/agones.dev/fleet.ts'
import type { GameServer } from '../../apis/agones.dev/game-server.ts'
import type { GameServerSet } from '../../apis/agones.dev/game-server-set.ts'
import { agonesAdmission, validateFleet, validateGameServerSet } from './admission.ts'

const metadata = { name: 'f', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
const template = { spec: { template: { spec: { containers: [{ name: 'game', image: 'i' }] } } } }
const fleet = (spec: object = {}, name = 'f'): Fleet =>
  ({
    apiVersion: 'agones.dev/v1',
    kind: 'Fleet',
    metadata: { ...metadata, name },
    spec: { replicas: 1, template, ...spec },
  }) as unknown as Fleet

const noted = (annotations: Record<string, string>) => ({ ...fleet({}), metadata: { ...metadata, annotations } }) as unknown as Fleet

describe('a Fleet', () => {
  const rolling = (rollingUpdate: object) => fleet({ strategy: { type: 'RollingUpdate', rollingUpdate } })
  it.each<[string, Fleet, [string, string][]]>([
    ['nothing wrong', rolling({ maxSurge: '25%', maxUnavailable: 1 }), []],
    ['a share of nothing', rolling({ maxSurge: '0%' }), [['spec.strategy.rollingUpdate.maxSurge', 'must be between 1% and 99%']]],
    ['a share of all', rolling({ maxUnavailable: '100%' }), [['spec.strategy.rollingUpdate.maxUnavailable', 'must be between 1% and 99%']]],
    ['no number', rolling({ maxSurge: 0 }), [['spec.strategy.rollingUpdate.maxSurge', 'must be at least 1']]],
    ['a long name', fleet({}, 'x'.repeat(64)), [['metadata.name', 'may not be more than 63 bytes']]],
    [
      'annotations that mean nothing',
      noted({
        'berth.dev/primary-address': 'any',
        'berth.dev/update-type': 'Hot',
        'berth.dev/update-partition': '-1',
        'berth.dev/update-in-use': 'All',
      }),
      [
        ['metadata.annotations[berth.dev/primary-address]', expect.stringContaining('must be types of addresses')],
        ['metadata.annotations[berth.dev/update-type]', 'must be InPlaceIfPossible'],
        ['metadata.annotations[berth.dev/update-partition]', 'must be a number of servers'],
        ['metadata.annotations[berth.dev/update-in-use]', 'must be Sidecars'],
      ],
    ],
    [
      'annotations that mean something',
      noted({ 'berth.dev/primary-address': 'PodIP/v6', 'berth.dev/update-type': 'InPlaceIfPossible', 'berth.dev/update-partition': '2' }),
      [],
    ],
    [
      'a server that could not be',
      fleet({ template: { spec: { ...template.spec, ports: [{ name: 'a' }] } } }),
      [['spec.template.spec.ports[0].containerPort', 'ContainerPort must be defined for Dynamic and Static PortPolicies']],
    ],
  ])('%s', (_, object, expected) => {
    expect(validateFleet(object).map(({ field, detail }) => [field, detail])).toEqual(expected)
  })
})

it('the template of a GameServerSet stays what it was', () => {
  const set = (image: string) =>
    ({
      ...fleet({ template: { spec: { template: { spec: { containers: [{ name: 'game', image }] } } } } }),
      kind: 'GameServerSet',
    }) as unknown as GameServerSet
  expect(validateGameServerSet(set('a'), set('a'))).toEqual([])
  expect(validateGameServerSet(set('b'), set('a'))).toMatchObject([
    { field: 'spec.template', detail: 'GameServerSet template cannot be updated' },
  ])
})

it('but for images where servers are changed in place', () => {
  const set = (change: object) =>
    ({
      ...fleet({ template: { spec: { template: { spec: { containers: [{ name: 'game', image: 'a', ...change }] } } } } }),
      kind: 'GameServerSet',
      metadata: { ...metadata, annotations: { 'berth.dev/update-type': 'InPlaceIfPossible' } },
    }) as unknown as GameServerSet
  expect(validateGameServerSet(set({ image: 'b' }), set({}))).toEqual([])
  expect(validateGameServerSet(set({ args: ['--map=desert'] }), set({}))).toMatchObject([{ field: 'spec.template' }])
})

it('a GameServer is complete as soon as it is created', () => {
  const server = {
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata: { ...metadata },
    spec: { ports: [{ containerPort: 1 }], ...template.spec },
  } as unknown as GameServer
  agonesAdmission('1.56.0').mutate({ object: server, oldObject: undefined, operation: 'CREATE' })
  expect(server).toMatchObject({
    metadata: { finalizers: ['agones.dev/controller'], annotations: { 'agones.dev/sdk-version': '1.56.0' } },
    spec: { container: 'game', ports: [{ portPolicy: 'Dynamic', protocol: 'UDP', range: 'default' }], scheduling: 'Packed' },
    status: { state: 'PortAllocation', eviction: { safe: 'Never' } },
  })
})
