import { describe, expect, it } from 'vitest'
import type { Fleet } from '../../apis/agones.dev/fleet.ts'
import type { GameServer } from '../../apis/agones.dev/game-server.ts'
import type { GameServerSet } from '../../apis/agones.dev/game-server-set.ts'
import { generic } from './cloud-product/generic.ts'
import { gkeAutopilot } from './cloud-product/gke-autopilot.ts'
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
        'berth.dev/paused': 'yes',
      }),
      [
        ['metadata.annotations[berth.dev/primary-address]', expect.stringContaining('must be types of addresses')],
        ['metadata.annotations[berth.dev/update-type]', 'must be InPlaceIfPossible'],
        ['metadata.annotations[berth.dev/update-partition]', 'must be a number of servers'],
        ['metadata.annotations[berth.dev/update-in-use]', 'must be Sidecars'],
        ['metadata.annotations[berth.dev/paused]', 'must be true or false'],
      ],
    ],
    [
      'annotations that mean something',
      noted({ 'berth.dev/primary-address': 'PodIP/v6', 'berth.dev/update-type': 'InPlaceIfPossible', 'berth.dev/update-partition': '2' }),
      [],
    ],
    [
      'a network that could not be',
      fleet({
        template: {
          ...template,
          metadata: { annotations: { 'berth.dev/network': '{type: Kubernetes-NodePort, conf: {PortProtocols: x}}' } },
        },
      }),
      [['spec.template.metadata.annotations[berth.dev/network].conf[PortProtocols]', expect.stringContaining('PortProtocols "x" is not')]],
    ],
    [
      'a network where no server has it from',
      noted({ 'berth.dev/network': 'type: Kubernetes-NodePort' }),
      [['metadata.annotations[berth.dev/network]', 'belongs in spec.template.metadata.annotations']],
    ],
    [
      'labels that no server can have',
      fleet({
        template: { ...template, metadata: { labels: { team: 'a/b', size: 3 }, annotations: { 'my key': 'x', size: 3 } } },
        allocationOverflow: { labels: { state: 'too many' }, annotations: { ok: 'yes' } },
      }),
      [
        ['spec.template.metadata.labels', expect.stringContaining('must be a label value')],
        ['spec.template.metadata.labels', expect.stringContaining('must be a label value')],
        ['spec.template.metadata.annotations', expect.stringContaining('must be a qualified name')],
        ['spec.template.metadata.annotations', 'must be text'],
        ['spec.allocationOverflow.labels', expect.stringContaining('must be a label value')],
      ],
    ],
    [
      'a server that could not be',
      fleet({ template: { spec: { ...template.spec, ports: [{ name: 'a' }] } } }),
      [['spec.template.spec.ports[0].containerPort', 'ContainerPort must be defined for Dynamic and Static PortPolicies']],
    ],
  ])('%s', (_, object, expected) => {
    expect(validateFleet(object, generic).map(({ field, detail }) => [field, detail])).toEqual(expected)
  })
})

it('a GameServerSet is refused what is said of servers in the wrong place or way', () => {
  const set = noted({ 'berth.dev/network': 'type: Kubernetes-NodePort', 'berth.dev/published-addresses': 'all' })
  expect(validateGameServerSet(set as unknown as GameServerSet, undefined, generic).map(({ field }) => field)).toEqual([
    'metadata.annotations[berth.dev/published-addresses]',
    'metadata.annotations[berth.dev/network]',
  ])
})

it('a GameServerSet is refused a network that could not be', () => {
  const set = fleet({
    template: { ...template, metadata: { annotations: { 'berth.dev/network': '{type: Volcengine-CLB, readyWhen: Soon}' } } },
  })
  expect(validateGameServerSet(set as unknown as GameServerSet, undefined, generic)).toMatchObject([
    { type: 'FieldValueNotSupported', field: 'spec.template.metadata.annotations[berth.dev/network].readyWhen', value: 'Soon' },
  ])
})

it('what the platform below has against a Fleet is said as well, with the path', () => {
  const product = gkeAutopilot({ range: { min: 7000, max: 8000 }, passthrough: undefined, extendedDurationPods: true })
  const ports = [{ name: 'a', portPolicy: 'Passthrough' }]
  const object = fleet({ scheduling: 'Distributed', template: { spec: { ...template.spec, ports } } })
  const expected = [
    ['spec.template.spec.ports[0].portPolicy', 'portPolicy must be Dynamic or None on GKE Autopilot'],
    ['spec.scheduling', 'scheduling strategy must be Packed on GKE Autopilot'],
  ]
  expect(validateFleet(object, product).map(({ field, detail }) => [field, detail])).toEqual(expected)
  const set = { ...object, kind: 'GameServerSet' } as unknown as GameServerSet
  expect(validateGameServerSet(set, undefined, product).map(({ field, detail }) => [field, detail])).toEqual(expected)
})

it('the template of a GameServerSet stays what it was', () => {
  const set = (image: string) =>
    ({
      ...fleet({ template: { spec: { template: { spec: { containers: [{ name: 'game', image }] } } } } }),
      kind: 'GameServerSet',
    }) as unknown as GameServerSet
  expect(validateGameServerSet(set('a'), set('a'), generic)).toEqual([])
  expect(validateGameServerSet(set('b'), set('a'), generic)).toMatchObject([
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
  expect(validateGameServerSet(set({ image: 'b' }), set({}), generic)).toEqual([])
  expect(validateGameServerSet(set({ args: ['--map=desert'] }), set({}), generic)).toMatchObject([{ field: 'spec.template' }])
})

it('a GameServer is complete as soon as it is created', () => {
  const server = {
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata: { ...metadata },
    spec: { ports: [{ containerPort: 1 }], ...template.spec },
  } as unknown as GameServer
  agonesAdmission('1.56.0', generic).mutate({ object: server, oldObject: undefined, operation: 'CREATE' })
  expect(server).toMatchObject({
    metadata: { finalizers: ['agones.dev/controller'], annotations: { 'agones.dev/sdk-version': '1.56.0' } },
    spec: { container: 'game', ports: [{ portPolicy: 'Dynamic', protocol: 'UDP', range: 'default' }], scheduling: 'Packed' },
    status: { state: 'PortAllocation', eviction: { safe: 'Never' } },
  })
})

describe('images directed to one server', () => {
  const server = (annotations: Record<string, string>) =>
    ({
      apiVersion: 'agones.dev/v1',
      kind: 'GameServer',
      metadata: { ...metadata, annotations, ownerReferences: [{ kind: 'GameServerSet', controller: true }] },
      spec: template.spec,
    }) as unknown as GameServer
  const step = agonesAdmission('1.56.0', generic)
  it.each<[string, GameServer, GameServer | undefined, string[]]>([
    ['of its container', server({ 'image.berth.dev/game': 'g:2' }), server({}), []],
    [
      'of none of its containers',
      server({ 'image.berth.dev/other': 'g:2' }),
      server({}),
      ['metadata.annotations[image.berth.dev/other] "g:2": there is no container other; there are: game'],
    ],
    [
      'that are none',
      server({ 'image.berth.dev/game': 'a b' }),
      undefined,
      ['metadata.annotations[image.berth.dev/game] "a b": must be an image; take the annotation off to go back to the template'],
    ],
    ['that were there before', server({ 'image.berth.dev/other': 'g:2' }), server({ 'image.berth.dev/other': 'g:2' }), []],
  ])('%s', async (_, object, oldObject, expected) => {
    const errors = await step.validate({ object, oldObject })
    expect(errors.map(({ field, value, detail }) => `${field} ${JSON.stringify(value)}: ${detail}`)).toEqual(expected)
  })
})

it.each([{}, { spec: null }, { spec: {} }, { spec: { template: {}, ports: [null] } }])(
  'what has not the shape of a GameServer is left to its schema: %j',
  shape => {
    const object = { kind: 'GameServer', metadata: { name: 'odd' }, ...shape }
    const before = structuredClone(object)
    agonesAdmission('1', generic).mutate({ object, oldObject: undefined, operation: 'CREATE' })
    expect(object).toEqual(before)
  },
)

it('a game that nobody has named is not given an empty name, which the schema would refuse in its own words', () => {
  const containers = [
    { name: 'a', image: 'i' },
    { name: 'b', image: 'i' },
  ]
  const object = { kind: 'GameServer', metadata: { name: 'two' }, spec: { template: { spec: { containers } } } }
  agonesAdmission('1', generic).mutate({ object, oldObject: undefined, operation: 'CREATE' })
  expect(object.spec).toMatchObject({ scheduling: 'Packed' })
  expect(object.spec).not.toHaveProperty('container')
})
