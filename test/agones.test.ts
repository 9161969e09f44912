import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { udpAsk } from './harness/players.ts'
import { root } from './harness/run.ts'

const test = testNeeding('kubectl')

interface Server {
  metadata: { name: string; uid: string; labels?: Record<string, string> }
  spec: { template: { spec: { containers: { image: string }[] } } }
  status?: { state: string; address: string; ports: { port: number }[]; counters?: Record<string, { count: number; capacity: number }> }
}
interface Answer {
  status: { state: string; gameServerName: string; address: string; ports: { name: string; port: number }[] }
}

describe('Agones', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster({ agones: true })
    // An API server looks once a minute what those behind it serve.
    await eventually(
      'allocations are served',
      async () => (await cluster.k('api-resources --api-group=allocation.agones.dev --output=name')).includes('gameserverallocations'),
      { timeout: 90_000 },
    )
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const serversOf = async (fleet: string): Promise<Server[]> =>
    (await cluster.get<{ items: Server[] }>(`gameservers.agones.dev -l agones.dev/fleet=${fleet}`)).items
  const inStates = (fleet: string, ...states: string[]) =>
    eventually(`${fleet} is ${states.join(', ')}`, async () => {
      const servers = await serversOf(fleet)
      return (
        servers
          .map(({ status }) => status?.state ?? '')
          .toSorted()
          .join() === states.toSorted().join() && servers
      )
    })
  const allocate = async (fleet: string, spec: object = {}): Promise<Answer['status']> => {
    const selectors = [{ matchLabels: { 'agones.dev/fleet': fleet } }]
    const manifest = { apiVersion: 'allocation.agones.dev/v1', kind: 'GameServerAllocation', spec: { selectors, ...spec } }
    return (JSON.parse(await cluster.k(['create', '-o', 'json', '-f', '-'], JSON.stringify(manifest))) as Answer).status
  }
  const say = ({ address, ports }: Answer['status'], message: string) => udpAsk(address, ports[0]?.port ?? 0, message, 20_000)
  /** Twenty thousandths of a core are enough for a small program in C; an example in JavaScript takes seconds for each answer then. */
  const unhurried = (manifest: string) => manifest.replace('limits: { memory: 64Mi, cpu: 20m }', 'limits: { memory: 64Mi }')
  /** As the documentation of Agones has it, under another name. */
  const fleet = async (name: string, change: (manifest: string) => string = text => text) => {
    const manifest = await readFile(join(root, 'examples/agones/fleet.yaml'), 'utf8')
    await cluster.apply(change(manifest.replace('name: simple-game-server\n  namespace: default', `name: ${name}`)))
  }

  test('a match: allocated, played over UDP, ended; the fleet fills up again', async () => {
    await fleet('match')
    const before = await inStates('match', 'Ready', 'Ready')
    const match = await allocate('match')
    expect(match.state).toBe('Allocated')
    expect(await say(match, 'hello')).toBe('ACK: hello\n')
    expect(await say(match, 'GAMESERVER')).toBe(`${JSON.stringify(match.gameServerName)}\n`)
    await inStates('match', 'Allocated', 'Ready')
    await eventually(
      'the fleet counts it',
      async () => (await cluster.k('get fleet match -o jsonpath={.status.allocatedReplicas}/{.status.replicas}')) === '1/2',
    )
    await say(match, 'EXIT')
    await eventually('another server is Ready', async () => {
      const now = await serversOf('match')
      return (
        now.length === 2 &&
        now.every(({ status }) => status?.state === 'Ready') &&
        now.some(one => before.every(({ metadata }) => metadata.uid !== one.metadata.uid))
      )
    })
  })

  test('nobody is left to allocate: the answer says so', async () => {
    await fleet('few', text => unhurried(text).replace('replicas: 2', 'replicas: 1'))
    await inStates('few', 'Ready')
    const answers = await Promise.all([allocate('few'), allocate('few'), allocate('few')])
    expect(answers.map(({ state }) => state).toSorted()).toEqual(['Allocated', 'UnAllocated', 'UnAllocated'])
  })

  test('a new template replaces whoever waits, and nobody who plays', async () => {
    await fleet('rolling', unhurried)
    await inStates('rolling', 'Ready', 'Ready')
    const match = await allocate('rolling')
    await cluster.k([
      'patch',
      'fleet',
      'rolling',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/template/spec/template/spec/containers/0/image","value":"us-docker.pkg.dev/agones-images/examples/simple-game-server:0.41"}]',
    ])
    const servers = await eventually('the one that waits is new', async () => {
      const now = await serversOf('rolling')
      const images = now.map(({ spec, status }) => `${status?.state} ${spec.template.spec.containers[0]?.image.split(':')[1]}`).toSorted()
      return images.join() === 'Allocated 0.40,Ready 0.41' && now
    })
    expect(servers.map(({ metadata }) => metadata.name)).toContain(match.gameServerName)
    expect(await say(match, 'still here')).toBe('ACK: still here\n')
  })

  test('rooms are counted by the game and by allocations alike', async () => {
    await fleet('rooms', text =>
      unhurried(text)
        .replace('      ports:\n', '      counters: { rooms: { capacity: 3 } }\n      ports:\n')
        .replace('replicas: 2', 'replicas: 1'),
    )
    await inStates('rooms', 'Ready')
    const room = { counters: { rooms: { action: 'Increment', amount: 1 } } }
    const first = await allocate('rooms', room)
    expect(await say(first, 'INCREMENT_COUNTER rooms 1')).toBe('SUCCESS: INCREMENT_COUNTER\n')
    expect(await say(first, 'GET_COUNTER_COUNT rooms')).toBe('COUNTER: 2\n')
    expect(await say(first, 'INCREMENT_COUNTER rooms 5')).toMatch(/^ERROR: out of range/)
    await eventually('the count is stored', async () => (await serversOf('rooms'))[0]?.status?.counters?.['rooms']?.count === 2)
  })

  test('a game that gives no sign of life loses its server', async () => {
    await fleet('sick', text =>
      unhurried(text)
        .replace('replicas: 2', 'replicas: 1')
        .replace('      ports:\n', '      health: { periodSeconds: 1, failureThreshold: 3, initialDelaySeconds: 3 }\n      ports:\n'),
    )
    const [server] = await inStates('sick', 'Ready')
    const { address = '', ports = [] } = server?.status ?? {}
    await udpAsk(address, ports[0]?.port ?? 0, 'UNHEALTHY')
    await eventually('another one is Ready', async () => {
      const now = await serversOf('sick')
      return now.length === 1 && now[0]?.status?.state === 'Ready' && now[0].metadata.uid !== server?.metadata.uid
    })
  })
})
