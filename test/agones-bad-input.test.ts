import { createSocket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { agonesCustomResourceDefinitions } from '../src/apis/agones.dev/custom-resource-definitions.ts'
import { type AgonesServer, inStates, say, serverOf, serversOf, startAgones, stateOf } from './harness/agones.ts'
import { fleet, gameContainer, gameServer, port } from './harness/agones-manifests.ts'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'

const test = testNeeding('kubectl')

const long = 'x'.repeat(64)
const ports = (...all: object[]) => ({ spec: { ports: all } })
const developer = (address: string) => ({ metadata: { annotations: { 'agones.dev/dev-address': address } } })

/** What is written, and what is said of it: each text has to be there. Refused by the kinds alone, without anybody of ours. */
const refusedBySchema: readonly [string, object, ...(string | RegExp)[]][] = [
  ['an unknown field', gameServer('bad', { spec: { portz: [] } }), 'unknown field "spec.portz"'],
  ['an unknown field in the pod', gameServer('bad', { pod: { hostNet: true } }), 'unknown field "spec.template.spec.hostNet"'],
  ['a port that is no number', gameServer('bad', ports(port({ containerPort: 'x' }))), 'spec.ports[0].containerPort', 'integer'],
  ['a port that cannot be', gameServer('bad', ports(port({ containerPort: 70_000 }))), 'spec.ports[0].containerPort', '70000', '65535'],
  ['a policy', gameServer('bad', ports(port({ portPolicy: 'Magic' }))), 'spec.ports[0].portPolicy', '"Magic"', '"Passthrough"'],
  ['a protocol', gameServer('bad', ports(port({ protocol: 'SCTP' }))), 'spec.ports[0].protocol', '"SCTP"', '"TCPUDP"'],
  ['when to evict', gameServer('bad', { spec: { eviction: { safe: 'Maybe' } } }), 'spec.eviction.safe', '"Maybe"', '"OnUpgrade"'],
  ['scheduling', gameServer('bad', { spec: { scheduling: 'Tight' } }), 'spec.scheduling', '"Tight"', '"Distributed"'],
  ['a log level', gameServer('bad', { spec: { sdkServer: { logLevel: 'Loud' } } }), 'spec.sdkServer.logLevel', '"Loud"', '"Trace"'],
  [
    'no port for the SDK',
    gameServer('bad', { spec: { sdkServer: { grpcPort: 0 } } }),
    'spec.sdkServer.grpcPort',
    'greater than or equal to 1',
  ],
  [
    'a negative count',
    gameServer('bad', { spec: { counters: { rooms: { count: -1 } } } }),
    'spec.counters.rooms.count',
    'greater than or equal to 0',
  ],
  ['a long list', gameServer('bad', { spec: { lists: { players: { capacity: 1001 } } } }), 'spec.lists.players.capacity', '1001', '1000'],
  [
    'a value twice',
    gameServer('bad', { spec: { lists: { players: { values: ['a', 'a'] } } } }),
    'spec.lists[players].values[1]',
    'Duplicate value',
  ],
  ['a second replica', gameServer('bad', { spec: { immutableReplicas: 2 } }), 'spec.immutableReplicas', 'less than or equal to 1'],
  [
    'no template',
    { apiVersion: 'agones.dev/v1', kind: 'GameServer', metadata: { name: 'bad' }, spec: {} },
    'spec.template',
    'Required value',
  ],
  [
    'a mistake deep inside the pod',
    gameServer('bad', { pod: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: 'often' } } } }),
    'spec.template.spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution',
  ],
  ['too few servers', fleet('bad', { replicas: -1 }), 'spec.replicas', 'greater than or equal to 0'],
  ['a strategy', fleet('bad', { strategy: { type: 'BlueGreen' } }), 'spec.strategy.type', '"BlueGreen"', '"RollingUpdate", "Recreate"'],
  ['a priority', fleet('bad', { priorities: [{ type: 'Size', key: 'a' }] }), 'spec.priorities[0].type', '"Size"', '"Counter", "List"'],
  ['a Fleet of bad ports', fleet('bad', {}, ports(port({ portPolicy: 'Magic' }))), 'spec.template.spec.ports[0].portPolicy', '"Magic"'],
]

/** Completing a new server repairs these, as Agones does. */
const repairedByDefaults: typeof refusedBySchema = [
  [
    'no failures',
    gameServer('bad', { spec: { health: { failureThreshold: 0 } } }),
    'spec.health.failureThreshold',
    'greater than or equal to 1',
  ],
  ['a container name', gameServer('bad', { spec: { container: 'My_Game' } }), 'spec.container', '"My_Game"'],
]

/** What takes a look at several fields, or at what users of Agones know by its words. */
const refusedByWords: readonly [string, object, ...(string | RegExp)[]][] = [
  ['a long name', gameServer(long), 'metadata.name', /63/],
  [
    'containers, and none is the game',
    gameServer('bad', { containers: [gameContainer(), gameContainer({}, 'b')] }),
    'spec.container: Required value: Container is required when using multiple containers in the pod template',
  ],
  [
    'a game that is no container',
    gameServer('bad', { spec: { container: 'nobody' }, containers: [gameContainer(), gameContainer({}, 'b')] }),
    'spec.container: Invalid value: "nobody": Could not find a container named nobody',
  ],
  [
    'a host port that is to be chosen',
    gameServer('bad', ports(port({ hostPort: 7000 }))),
    'spec.ports[0].hostPort: Forbidden: HostPort cannot be specified with a Dynamic or Passthrough PortPolicy',
  ],
  [
    'no container port',
    gameServer('bad', ports({ name: 'a' })),
    'spec.ports[0].containerPort: Required value: ContainerPort must be defined for Dynamic and Static PortPolicies',
  ],
  ['a static port of no number', gameServer('bad', ports(port({ portPolicy: 'Static' }))), 'spec.ports[0].hostPort: Required value'],
  [
    'a container port that is to be chosen',
    gameServer('bad', ports(port({ portPolicy: 'Passthrough' }))),
    'spec.ports[0].containerPort',
    'ContainerPort cannot be specified with Passthrough PortPolicy',
  ],
  [
    'a port of a container that is not there',
    gameServer('bad', ports(port({ container: 'ghost' }))),
    'spec.ports[0].container: Invalid value: "ghost": Container must be empty or the name of a container in the pod template',
  ],
  [
    'more asked for than allowed',
    gameServer('bad', { containers: [gameContainer({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } })] }),
    'spec.template.spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit',
  ],
  [
    'less than nothing',
    gameServer('bad', { containers: [gameContainer({ resources: { limits: { cpu: '-1' } } })] }),
    'spec.template.spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
  ],
  [
    'labels of the pod',
    gameServer('bad', { podMetadata: { labels: { team: 'a/b' } } }),
    'spec.template.metadata.labels: Invalid value: "a/b"',
  ],
  [
    'annotations of the pod',
    gameServer('bad', { podMetadata: { annotations: { 'my key': 'x' } } }),
    'spec.template.metadata.annotations: Invalid value: "my key"',
  ],
  [
    'more than there is room for',
    gameServer('bad', { spec: { counters: { rooms: { count: 2, capacity: 1 } } } }),
    'spec.counters[rooms].count',
    '2',
  ],
  [
    'where a developer is',
    gameServer('bad', developer('somewhere')),
    'metadata.annotations[agones.dev/dev-address]',
    'must be a valid IP address',
  ],
  [
    'a port that is chosen for a developer',
    gameServer('bad', developer('192.0.2.1')),
    'spec.ports[0].portPolicy',
    'PortPolicy must be Static',
  ],
  [
    'an address that nothing has',
    gameServer('bad', { metadata: { annotations: { 'berth.dev/primary-address': 'Moon' } } }),
    'metadata.annotations[berth.dev/primary-address]: Invalid value: "Moon"',
  ],
  ['a long name of a Fleet', fleet(long), 'metadata.name', /63/],
  [
    'more than all',
    fleet('bad', { strategy: { rollingUpdate: { maxSurge: '120%' } } }),
    'spec.strategy.rollingUpdate.maxSurge: Invalid value: "120%": must be between 1% and 99%',
  ],
  [
    'none',
    fleet('bad', { strategy: { rollingUpdate: { maxUnavailable: 0 } } }),
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: must be at least 1',
  ],
  [
    'labels of the servers',
    fleet('bad', {}, { metadata: { labels: { team: 'a/b' } } }),
    'spec.template.metadata.labels: Invalid value: "a/b": must be a label value',
  ],
  [
    'labels for too many',
    fleet('bad', { allocationOverflow: { labels: { a: 'b c' } } }),
    'spec.allocationOverflow.labels: Invalid value: "b c"',
  ],
  [
    'several mistakes at once',
    fleet(
      'bad',
      {},
      {
        spec: { container: 'a', ports: [{ name: 'x' }] },
        containers: [gameContainer({}, 'a'), gameContainer({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }, 'b')],
      },
    ),
    'spec.template.spec.ports[0].containerPort',
    'spec.template.spec.template.spec.containers[1].resources.requests',
  ],
]

const isRefused = async (cluster: TestCluster, manifest: object, ...expected: (string | RegExp)[]): Promise<void> => {
  const ran = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(manifest))
  expect(ran.code, ran.stdout).not.toBe(0)
  for (const text of expected) {
    if (typeof text === 'string') expect(ran.stderr).toContain(text)
    else expect(ran.stderr).toMatch(text)
  }
}

describe('bad manifests of Agones, where nobody of ours looks at them', () => {
  let cluster: TestCluster
  let brought = false
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--simulate', '--no-controllers'] })
    brought = (await cluster.kubectl('get crd fleets.agones.dev')).code !== 0
    if (!brought) return
    await cluster.k('apply --server-side -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: agonesCustomResourceDefinitions }))
    await cluster.k([
      'wait',
      '--for=condition=Established',
      ...agonesCustomResourceDefinitions.map(({ metadata }) => `crd/${metadata.name}`),
    ])
  })
  afterAll(async () => {
    if (brought) await cluster.k(['delete', 'crd', ...agonesCustomResourceDefinitions.map(({ metadata }) => metadata.name)])
    await cluster[Symbol.asyncDispose]()
  })

  test.each([...refusedBySchema, ...repairedByDefaults])('%s', (_, manifest, ...expected) => isRefused(cluster, manifest, ...expected))
})

describe('bad input of Agones is refused or explained, and nothing else breaks', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startAgones()
    await cluster.apply(fleet('healthy'))
    await inStates(cluster, 'healthy', 'Ready')
  })
  afterAll(async () => {
    await inStates(cluster, 'healthy', 'Ready')
    await cluster[Symbol.asyncDispose]()
  })

  const comesTo = (name: string, ...states: string[]) =>
    eventually(`${name} is ${states.join(' or ')}`, async () => states.includes((await stateOf(cluster, name)) ?? ''))
  const messagesOf = async (name: string): Promise<string[]> => {
    const { items } = await cluster.get<{ items: { type: string; reason: string; message: string; involvedObject: { kind: string } }[] }>([
      'events',
      '--field-selector',
      `involvedObject.name=${name}`,
    ])
    return items
      .filter(({ involvedObject }) => involvedObject.kind === 'GameServer')
      .map(({ type, reason, message }) => `${type} ${reason} ${message}`)
  }
  const isTold = (name: string, text: RegExp) =>
    eventually(`an event of ${name} says ${text}`, async () => (await messagesOf(name)).some(message => text.test(message)))
  const remove = (name: string) => cluster.k(`delete gameservers.agones.dev ${name}`)
  /** A message that nobody answers. */
  const tell = async ({ status }: AgonesServer, message: string) => {
    const socket = createSocket('udp4')
    await new Promise<void>((sent, failed) =>
      socket.send(message, status?.ports?.[0]?.port ?? 0, status?.address ?? '', error => (error ? failed(error) : sent())),
    )
    socket.close()
  }
  const silentUntilTold = { env: [{ name: 'READY', value: 'false' }] }
  const health = { periodSeconds: 1, failureThreshold: 3, initialDelaySeconds: 3 }

  test.each([...refusedBySchema, ...refusedByWords])('%s', (_, manifest, ...expected) => isRefused(cluster, manifest, ...expected))

  test('the template of a GameServerSet', async () => {
    const [set = ''] = (await cluster.k('get gameserversets.agones.dev -o jsonpath={.items[*].metadata.name}')).split(' ')
    const patch = [{ op: 'replace', path: '/spec/template/spec/ports/0/containerPort', value: 1 }]
    const ran = await cluster.kubectl(['patch', 'gameserversets.agones.dev', set, '--type=json', '-p', JSON.stringify(patch)])
    expect([ran.code === 0, ran.stderr]).toEqual([false, expect.stringContaining('GameServerSet template cannot be updated')])
  })

  test.each<[string, object, ...string[]]>([
    ['a state', { selectors: [{ gameServerState: 'Full' }] }, 'spec.selectors[0].gameServerState', '"Full"', 'either Allocated or Ready'],
    [
      'an operator',
      { selectors: [{ matchExpressions: [{ key: 'a', operator: 'Like' }] }] },
      'spec.selectors[0].matchExpressions[0].operator',
      '"Like"',
    ],
    ['a label', { selectors: [{ matchLabels: { a: 'b c' } }] }, 'spec.selectors[0].matchLabels', '"b c"'],
    ['scheduling', { scheduling: 'Tight' }, 'spec.scheduling', '"Tight"', '"Distributed", "Packed"'],
    ['an amount without an action', { counters: { rooms: { amount: 1 } } }, 'spec.counters[rooms]', 'action and amount go together'],
    ['a negative amount', { counters: { rooms: { action: 'Increment', amount: -1 } } }, 'spec.counters[rooms].amount', '-1'],
    ['a long list', { lists: { players: { capacity: 1001 } } }, 'spec.lists[players].capacity', '1001', 'between 0 and 1000'],
    ['a priority without a key', { priorities: [{ type: 'Counter' }] }, 'spec.priorities[0].key', 'Required value'],
    ['metadata', { metadata: { labels: { a: 'b c' } } }, 'spec.metadata.labels', '"b c"'],
  ])('an allocation, and in it %s', async (_, spec, ...expected) => {
    const manifest = { apiVersion: 'allocation.agones.dev/v1', kind: 'GameServerAllocation', spec }
    const ran = await cluster.kubectl(['create', '-f', '-'], JSON.stringify(manifest))
    expect(ran.code).not.toBe(0)
    for (const text of expected) expect(ran.stderr).toContain(text)
    expect((await serversOf(cluster, 'healthy')).map(({ status }) => status?.state)).toEqual(['Ready'])
  })

  test('a pod that Kubernetes refuses: Error, with the reason on the server and in an event', async () => {
    const containers = [gameContainer({ volumeMounts: [{ name: 'nowhere', mountPath: '/x' }] })]
    await cluster.apply(gameServer('refused', { containers }))
    await comesTo('refused', 'Error')
    const { annotations } = (await serverOf(cluster, 'refused')).metadata
    expect(annotations?.['berth.dev/error']).toMatch(/volumeMounts\[0\]\.name.*nowhere/)
    expect(Date.parse(annotations?.['agones.dev/errored-at'] ?? '')).toBeGreaterThan(0)
    await isTold('refused', /^Warning Error .*volumeMounts\[0\]\.name.*nowhere/)
    expect((await cluster.kubectl('get pod refused')).code).not.toBe(0)
    await remove('refused')
  })

  test('no port is free: it waits and says so, and goes on when there is one', async () => {
    const fixed = (name: string, pod: object = {}) => gameServer(name, { ...ports(port({ portPolicy: 'Static', hostPort: 8533 })), pod })
    await cluster.apply(fixed('first'))
    await comesTo('first', 'Ready')
    const { nodeName = '' } = (await serverOf(cluster, 'first')).status ?? {}
    await cluster.apply(fixed('second', { nodeSelector: { 'kubernetes.io/hostname': nodeName } }))
    await isTold('second', /^Warning Creating the pod waits for a node: .*free ports/)
    expect(await stateOf(cluster, 'second')).toMatch(/^(Creating|Starting)$/)
    await remove('first')
    await comesTo('second', 'Ready')
    await remove('second')
  })

  test('two ports of one name are two ports', async () => {
    await cluster.apply(gameServer('doubled', ports(port(), port({ protocol: 'TCP' }))))
    await comesTo('doubled', 'Ready')
    const server = await serverOf(cluster, 'doubled')
    expect(server.status?.ports?.map(({ name }) => name)).toEqual(['default', 'default'])
    expect(server.status?.ports?.map(({ port }) => port)).toEqual(server.spec.ports?.map(({ hostPort }) => hostPort))
    expect(await say({ address: server.status?.address ?? '', ports: server.status?.ports ?? [] }, 'hello')).toBe('ACK: hello\n')
    await remove('doubled')
  })

  test('a Fleet with the longest name has servers', async () => {
    const name = 'f'.repeat(63)
    await cluster.apply(fleet(name))
    const [server] = await inStates(cluster, name, 'Ready')
    expect(server?.metadata.name).toHaveLength(63)
    await cluster.k(`delete fleet ${name}`)
  })

  test('a game that never says it is ready stays where it is as long as it lives, and dies when it does not', async () => {
    await cluster.apply(gameServer('never', { spec: { health }, containers: [gameContainer(silentUntilTold)] }))
    await comesTo('never', 'Scheduled')
    // As long as three signs of life may be missing.
    await sleep(7000)
    const server = await serverOf(cluster, 'never')
    expect(server.status?.state).toBe('Scheduled')
    await tell(server, 'UNHEALTHY')
    await comesTo('never', 'Unhealthy')
    await remove('never')
  })

  test('a game that says twice that it ends, ends once', async () => {
    await cluster.apply(gameServer('twice'))
    await comesTo('twice', 'Ready')
    const server = await serverOf(cluster, 'twice')
    await Promise.all([tell(server, 'EXIT'), tell(server, 'EXIT')])
    await eventually(
      'it is gone',
      async () => (await cluster.k('get gameservers.agones.dev,pods --ignore-not-found twice').catch(() => 'there')) === '',
    )
    const told = await messagesOf('twice')
    expect(told.filter(message => message.includes('Deletion started'))).toHaveLength(1)
    expect(told.filter(message => message.startsWith('Warning'))).toEqual([])
  })

  test('a game without signs of life is Unhealthy, and its server stays until somebody has looked', async () => {
    await cluster.apply(gameServer('sick', { spec: { health } }))
    await comesTo('sick', 'Ready')
    await say({ address: '', ports: [], ...(await serverOf(cluster, 'sick')).status }, 'UNHEALTHY')
    await comesTo('sick', 'Unhealthy')
    await sleep(1000)
    expect(await stateOf(cluster, 'sick')).toBe('Unhealthy')
    await remove('sick')
  })

  test.each([
    ['before it is ready', silentUntilTold, 'Scheduled'],
    ['after it was ready', {}, 'Ready'],
  ])('a game that crashes %s is Unhealthy; that of a Fleet is replaced', async (_, container, state) => {
    await cluster.apply(gameServer('alone', { containers: [gameContainer(container)] }))
    await cluster.apply(fleet('together', {}, { containers: [gameContainer(container)] }))
    await comesTo('alone', state)
    const [one] = await inStates(cluster, 'together', state)
    // It may be Scheduled before it listens.
    for (const server of [() => serverOf(cluster, 'alone'), () => serverOf(cluster, one?.metadata.name ?? '')])
      await eventually(
        'it has crashed',
        async () => {
          const now = await server().catch(() => undefined)
          if (now?.status?.state !== state) return true
          await tell(now, 'CRASH')
          return false
        },
        { every: 300 },
      )
    await comesTo('alone', 'Unhealthy')
    await isTold('alone', /^Warning Unhealthy Issue with Gameserver pod/)
    const [other] = await inStates(cluster, 'together', state)
    expect(other?.metadata.uid).not.toBe(one?.metadata.uid)
    await remove('alone')
    await cluster.k('delete fleet together')
  })
})
