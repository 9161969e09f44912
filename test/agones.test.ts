import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { udpAsk } from './harness/players.ts'
import { type Writes, writesOf } from './harness/requests.ts'
import { root, run } from './harness/run.ts'

const test = testNeeding('kubectl')

interface Server {
  metadata: { name: string; uid: string; labels?: Record<string, string> }
  spec: { template: { spec: { containers: { image: string }[] } } }
  status?: { state: string; address: string; ports: { port: number }[]; counters?: Record<string, { count: number; capacity: number }> }
}
interface Pod {
  metadata: { uid: string }
  status: { containerStatuses: { name: string; image: string; restartCount: number }[] }
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

  test('a new image in place: those that wait change at once, who is played when it is free again', async () => {
    await fleet('hot', text =>
      unhurried(text).replace('spec:\n', 'spec:\n  strategy: { type: InPlaceIfPossible, rollingUpdate: { maxUnavailable: 1 } }\n'),
    )
    const before = await inStates('hot', 'Ready', 'Ready')
    const match = await allocate('hot')
    const podOf = async (name: string) => {
      const { metadata, status } = await cluster.get<Pod>(`pod ${name}`)
      const game = status.containerStatuses.find(container => container.name === 'simple-game-server')
      return { uid: metadata.uid, image: game?.image.split(':').at(-1), restarts: game?.restartCount }
    }
    const waiting = before.find(({ metadata }) => metadata.name !== match.gameServerName)
    const [played, other] = [await podOf(match.gameServerName), await podOf(waiting?.metadata.name ?? '')]
    await cluster.k([
      'patch',
      'fleet',
      'hot',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/template/spec/template/spec/containers/0/image","value":"us-docker.pkg.dev/agones-images/examples/simple-game-server:0.41"}]',
    ])
    await eventually('the one that waits runs the new image', async () => (await podOf(waiting?.metadata.name ?? '')).image === '0.41')
    await inStates('hot', 'Allocated', 'Ready')
    expect(await podOf(waiting?.metadata.name ?? '')).toEqual({ uid: other.uid, image: '0.41', restarts: 1 })
    expect(await podOf(match.gameServerName)).toEqual(played)
    expect(await say(match, 'still here')).toBe('ACK: still here\n')
    await say(match, 'READY')
    await eventually('the other one follows', async () => (await podOf(match.gameServerName)).image === '0.41')
    const after = await inStates('hot', 'Ready', 'Ready')
    expect(await podOf(match.gameServerName)).toEqual({ uid: played.uid, image: '0.41', restarts: 1 })
    expect(after.map(({ metadata, status }) => [metadata.uid, status?.address, status?.ports])).toEqual(
      before.map(({ metadata, status }) => [metadata.uid, status?.address, status?.ports]),
    )
    expect(await say(match, 'back again')).toBe('ACK: back again\n')
  })

  test('berth demo agones tells the story of a match, and all of it is true', async () => {
    const kubeconfig = join(root, '.berth', `demo-agones-${process.pid}`)
    const { code, stdout } = await run(join(root, 'berth'), ['demo', 'agones', '--json', '--kubeconfig', kubeconfig], { timeout: 90_000 })
    const told = JSON.parse(stdout) as { ok: boolean; acts: { checks: { what: string; ok: boolean }[] }[] }
    expect(told.acts.flatMap(({ checks }) => checks.filter(({ ok }) => !ok))).toEqual([])
    expect([code, told.ok, told.acts.flatMap(({ checks }) => checks).length]).toEqual([0, true, 7])
  })

  test('a server costs five writes until it is Ready, and nine in all, its sidecar included', async () => {
    const replicas = 4
    /** Of servers and their pods, by everybody but the node, which says how pods are. */
    const since = async (before: Writes) => {
      const all = (await writesOf(cluster)).minus(before)
      const own = [...all.counts].filter(([request]) => /^\w+ (gameservers|pods)$/.test(request))
      return { each: own.reduce((sum, [, count]) => sum + count, 0) / replicas, all: all.describe(replicas) }
    }
    const before = await writesOf(cluster)
    await fleet('frugal', text => unhurried(text).replace('replicas: 2', `replicas: ${replicas}`))
    await inStates('frugal', ...Array<string>(replicas).fill('Ready'))
    const made = await since(before)
    // A kubelet may tell of addresses one after the other.
    const slack = cluster.kind === 'real' ? 0.5 : 0
    expect(made.each, made.all).toBeGreaterThanOrEqual(5)
    expect(made.each, made.all).toBeLessThanOrEqual(5 + slack)
    await cluster.k('scale fleet frugal --replicas=0')
    await eventually('all have gone', async () => (await serversOf('frugal')).length === 0)
    const lived = await since(before)
    // The node takes the pod away at last.
    expect(lived.each - 1, lived.all).toBeLessThanOrEqual(9 + slack)
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
