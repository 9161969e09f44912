import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { allocate, createFleet, example, inStates, say, serversOf, startAgones, unhurried } from './harness/agones.ts'
import type { TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { type Writes, writesOf } from './harness/requests.ts'
import { root, run } from './harness/run.ts'

const test = testNeeding('kubectl')

interface Pod {
  metadata: { uid: string }
  status: { containerStatuses: { name: string; image: string; restartCount: number }[] }
}
interface Service {
  spec: { type: string; ports: { port: number; nodePort?: number }[] }
  status: { loadBalancer: { ingress?: { ip: string }[] } }
}

describe('Agones', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startAgones({ args: ['--images', join(root, 'test/images')] })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('a match: allocated, played over UDP, ended; the fleet fills up again', async () => {
    await createFleet(cluster, 'match')
    const before = await inStates(cluster, 'match', 'Ready', 'Ready')
    const match = await allocate(cluster, 'match')
    expect(match.state).toBe('Allocated')
    expect(await say(match, 'hello')).toBe('ACK: hello\n')
    expect(await say(match, 'GAMESERVER')).toBe(`${JSON.stringify(match.gameServerName)}\n`)
    await inStates(cluster, 'match', 'Allocated', 'Ready')
    await eventually(
      'the fleet counts it',
      async () => (await cluster.k('get fleet match -o jsonpath={.status.allocatedReplicas}/{.status.replicas}')) === '1/2',
    )
    await say(match, 'EXIT')
    await eventually('another server is Ready', async () => {
      const now = await serversOf(cluster, 'match')
      return (
        now.length === 2 &&
        now.every(({ status }) => status?.state === 'Ready') &&
        now.some(one => before.every(({ metadata }) => metadata.uid !== one.metadata.uid))
      )
    })
  })

  test('nobody is left to allocate: the answer says so', async () => {
    await createFleet(cluster, 'few', text => unhurried(text).replace('replicas: 2', 'replicas: 1'))
    await inStates(cluster, 'few', 'Ready')
    const answers = await Promise.all([allocate(cluster, 'few'), allocate(cluster, 'few'), allocate(cluster, 'few')])
    expect(answers.map(({ state }) => state).toSorted()).toEqual(['Allocated', 'UnAllocated', 'UnAllocated'])
  })

  test.each([
    ['by a load balancer of the cloud', 'cloud', (text: string) => text, 'LoadBalancer'],
    [
      'by a port on every node',
      'nodes',
      (text: string) => text.replace('type: Volcengine-CLB', 'type: Kubernetes-NodePort').replace(/ *ClbIds.*\n/, ''),
      'NodePort',
    ],
  ])('players come %s: that is what an allocation answers, and it goes with the server', async (_, name, change, type) => {
    const manifest = await example('cloud-address.yaml')
    // A game that is told to end while it starts does not hear it.
    const hasty = manifest.replace('          containers:', '          terminationGracePeriodSeconds: 1\n          containers:')
    await cluster.apply(change(hasty.replace('name: lobby', `name: ${name}`)))
    const servers = await inStates(cluster, name, 'Ready', 'Ready')
    const match = await allocate(cluster, name)
    expect(match.state).toBe('Allocated')
    const service = await cluster.get<Service>(`service ${match.gameServerName}`)
    expect(service.spec.type).toBe(type)
    const [port] = service.spec.ports
    expect(match.ports).toEqual([{ name: 'default', port: type === 'NodePort' ? port?.nodePort : port?.port }])
    if (type === 'LoadBalancer') expect(match.address).toBe(service.status.loadBalancer.ingress?.[0]?.ip)
    expect(match.addresses).toContainEqual({ type: 'NetworkIP', address: match.address })
    expect(match.addresses.map(one => one.type).filter(one => one !== 'NetworkIP' && one !== 'PodIP')).toEqual([])
    // A node's proxy hears of a Service at the same time as Berth, and has rules to write first.
    expect(await eventually('players get there', () => say(match, 'GAMESERVER').catch(() => undefined))).toBe(
      `${JSON.stringify(match.gameServerName)}\n`,
    )
    const other = servers.find(({ metadata }) => metadata.name !== match.gameServerName)
    expect([other?.status?.address, other?.status?.ports?.[0]?.port]).not.toEqual([match.address, match.ports[0]?.port])
    await cluster.k(`delete gameserver.agones.dev ${match.gameServerName}`)
    await eventually('its Service has gone', async () => (await cluster.kubectl(`get service ${match.gameServerName}`)).code !== 0)
    await cluster.k(`delete fleet ${name}`)
    await eventually('all Services have gone', async () => {
      const { items } = await cluster.get<{ items: { metadata: { name: string } }[] }>('services')
      return items.every(({ metadata }) => !metadata.name.startsWith(`${name}-`))
    })
  })

  test('bad networks are refused where they were written', async () => {
    const manifest = await example('cloud-address.yaml')
    const refused = await cluster.kubectl(['apply', '-f', '-'], manifest.replace('ClbIds:', 'ClbId:'))
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('spec.template.metadata.annotations[berth.dev/network].conf[ClbId]')
    expect(refused.stderr).toContain('did you mean "ClbIds"?')
  })

  test('an allocation that nobody confirms in time is given back; those that are confirmed stay', async () => {
    await createFleet(cluster, 'confirm', text =>
      unhurried(text)
        .replace('      ports:\n', '      counters: { rooms: { capacity: 3 } }\n      ports:\n')
        .replace('replicas: 2', 'replicas: 3'),
    )
    const before = await inStates(cluster, 'confirm', 'Ready', 'Ready', 'Ready')
    const onCondition = () => allocate(cluster, 'confirm', {}, { 'berth.dev/confirm-within': '8s' })
    const [nobodys, matchmakers, games] = [await onCondition(), await onCondition(), await onCondition()]
    expect([nobodys.state, matchmakers.state, games.state]).toEqual(['Allocated', 'Allocated', 'Allocated'])
    await cluster.k(['annotate', 'gameservers.agones.dev', matchmakers.gameServerName, 'berth.dev/confirmed='])
    // A player comes: the game counts.
    expect(await say(games, 'INCREMENT_COUNTER rooms 1')).toBe('SUCCESS: INCREMENT_COUNTER\n')
    const after = await inStates(cluster, 'confirm', 'Ready', 'Allocated', 'Allocated')
    expect(after.find(({ status }) => status?.state === 'Ready')?.metadata.name).toBe(nobodys.gameServerName)
    expect(after.map(({ metadata }) => metadata.uid).toSorted()).toEqual(before.map(({ metadata }) => metadata.uid).toSorted())
    await eventually('it is told', async () =>
      (await cluster.k(['get', 'events', '--field-selector', `reason=Released,involvedObject.name=${nobodys.gameServerName}`])).includes(
        'Nobody confirmed the allocation in time',
      ),
    )
    expect((await onCondition()).gameServerName).toBe(nobodys.gameServerName)
    // So that nothing is written of it later, when others count.
    await cluster.k(['annotate', 'gameservers.agones.dev', nobodys.gameServerName, 'berth.dev/confirmed='])
  })

  test('servers of a GameServerSet are allocated in the same way, and reached where their network says', async () => {
    await cluster.apply({
      apiVersion: 'game.kruise.io/v1alpha1',
      kind: 'GameServerSet',
      metadata: { name: 'arena' },
      spec: {
        replicas: 2,
        network: { networkType: 'Kubernetes-NodePort', networkConf: [{ name: 'PortProtocols', value: '7777/UDP' }] },
        gameServerTemplate: {
          metadata: { labels: { map: 'arena' } },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name: 'game', image: 'registry.example.com/studio/echo:v1', env: [{ name: 'PORTS', value: '7777/UDP' }] }],
          },
        },
      },
    })
    const owned = { matchLabels: { map: 'arena' }, matchExpressions: [{ key: 'game.kruise.io/owner-gss', operator: 'Exists' }] }
    const match = await eventually('a server is allocated', async () => {
      const answer = await allocate(cluster, 'none', { selectors: [owned] })
      return answer.state === 'Allocated' && answer
    })
    expect(match.gameServerName).toMatch(/^arena-[01]$/)
    expect(await eventually('its player is let in', () => say(match, 'hello'))).toBe(`${match.gameServerName} 7777/UDP hello`)
    const opsState = async (name: string) => cluster.k(['get', 'gameservers.game.kruise.io', name, '-o', 'jsonpath={.spec.opsState}'])
    expect(await opsState(match.gameServerName)).toBe('Allocated')
    // Who does not ask for sets gets none.
    expect(await allocate(cluster, 'none', { selectors: [{ matchLabels: { map: 'arena' } }] })).toMatchObject({ state: 'UnAllocated' })
    const other = await eventually('the other one is allocated', async () => {
      const answer = await allocate(cluster, 'none', { selectors: [{ matchLabels: { 'game.kruise.io/owner-gss': 'arena' } }] })
      return answer.state === 'Allocated' && answer
    })
    expect([match.gameServerName, other.gameServerName].toSorted()).toEqual(['arena-0', 'arena-1'])
    expect(await allocate(cluster, 'none', { selectors: [owned] })).toMatchObject({ state: 'UnAllocated' })
    await cluster.k(['patch', 'gameservers.game.kruise.io', other.gameServerName, '--type=merge', '-p', '{"spec":{"opsState":"None"}}'])
    await eventually(
      'it is free again',
      async () => (await allocate(cluster, 'none', { selectors: [owned] })).gameServerName === other.gameServerName,
    )
    await cluster.k('delete gameserversets.game.kruise.io arena --wait=true')
  })

  test('each allocation may say which address it wants, and gets no server without one', async () => {
    await createFleet(cluster, 'addressed', unhurried)
    const [server] = await inStates(cluster, 'addressed', 'Ready', 'Ready')
    expect(await allocate(cluster, 'addressed', {}, { 'berth.dev/primary-address': 'ExternalDNS' })).toMatchObject({ state: 'UnAllocated' })
    const inside = await allocate(cluster, 'addressed', {}, { 'berth.dev/primary-address': 'ExternalDNS, PodIP' })
    const own = (await serversOf(cluster, 'addressed')).find(({ metadata }) => metadata.name === inside.gameServerName)
    expect(inside.address).toBe(own?.status?.addresses.find(({ type }) => type === 'PodIP')?.address)
    expect(inside.address).not.toBe(own?.status?.address)
    const usual = await allocate(cluster, 'addressed')
    expect(usual.address).toBe(server?.status?.address)
    expect(await say(usual, 'hello')).toBe('ACK: hello\n')
  })

  test('a new template replaces whoever waits, and nobody who plays', async () => {
    await createFleet(cluster, 'rolling', unhurried)
    await inStates(cluster, 'rolling', 'Ready', 'Ready')
    const match = await allocate(cluster, 'rolling')
    await cluster.k([
      'patch',
      'fleet',
      'rolling',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/template/spec/template/spec/containers/0/image","value":"us-docker.pkg.dev/agones-images/examples/simple-game-server:0.41"}]',
    ])
    const servers = await eventually('the one that waits is new', async () => {
      const now = await serversOf(cluster, 'rolling')
      const images = now.map(({ spec, status }) => `${status?.state} ${spec.template.spec.containers[0]?.image.split(':')[1]}`).toSorted()
      return images.join() === 'Allocated 0.40,Ready 0.41' && now
    })
    expect(servers.map(({ metadata }) => metadata.name)).toContain(match.gameServerName)
    expect(await say(match, 'still here')).toBe('ACK: still here\n')
  })

  test('a new image in place: those that wait change at once, who is played when it is free again', async () => {
    await createFleet(cluster, 'hot', text =>
      unhurried(text).replace('spec:\n', 'spec:\n  strategy: { type: InPlaceIfPossible, rollingUpdate: { maxUnavailable: 1 } }\n'),
    )
    const before = await inStates(cluster, 'hot', 'Ready', 'Ready')
    const match = await allocate(cluster, 'hot')
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
    await inStates(cluster, 'hot', 'Allocated', 'Ready')
    expect(await podOf(waiting?.metadata.name ?? '')).toEqual({ uid: other.uid, image: '0.41', restarts: 1 })
    expect(await podOf(match.gameServerName)).toEqual(played)
    expect(await say(match, 'still here')).toBe('ACK: still here\n')
    await say(match, 'READY')
    await eventually('the other one follows', async () => (await podOf(match.gameServerName)).image === '0.41')
    const after = await inStates(cluster, 'hot', 'Ready', 'Ready')
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
    await createFleet(cluster, 'frugal', text => unhurried(text).replace('replicas: 2', `replicas: ${replicas}`))
    await inStates(cluster, 'frugal', ...Array<string>(replicas).fill('Ready'))
    const made = await since(before)
    // A kubelet may tell of addresses one after the other.
    const slack = cluster.kind === 'real' ? 0.5 : 0
    expect(made.each, made.all).toBeGreaterThanOrEqual(5)
    expect(made.each, made.all).toBeLessThanOrEqual(5 + slack)
    await cluster.k('scale fleet frugal --replicas=0')
    await eventually('all have gone', async () => (await serversOf(cluster, 'frugal')).length === 0)
    const lived = await since(before)
    // The node takes the pod away at last.
    expect(lived.each - 1, lived.all).toBeLessThanOrEqual(9 + slack)
  })

  test('rooms are counted by the game and by allocations alike', async () => {
    await createFleet(cluster, 'rooms', text =>
      unhurried(text)
        .replace('      ports:\n', '      counters: { rooms: { capacity: 3 } }\n      ports:\n')
        .replace('replicas: 2', 'replicas: 1'),
    )
    await inStates(cluster, 'rooms', 'Ready')
    const room = { counters: { rooms: { action: 'Increment', amount: 1 } } }
    const first = await allocate(cluster, 'rooms', room)
    expect(await say(first, 'INCREMENT_COUNTER rooms 1')).toBe('SUCCESS: INCREMENT_COUNTER\n')
    expect(await say(first, 'GET_COUNTER_COUNT rooms')).toBe('COUNTER: 2\n')
    expect(await say(first, 'INCREMENT_COUNTER rooms 5')).toMatch(/^ERROR: out of range/)
    await eventually('the count is stored', async () => (await serversOf(cluster, 'rooms'))[0]?.status?.counters?.['rooms']?.count === 2)
  })

  test('a game that gives no sign of life loses its server', async () => {
    await createFleet(cluster, 'sick', text =>
      unhurried(text)
        .replace('replicas: 2', 'replicas: 1')
        .replace('      ports:\n', '      health: { periodSeconds: 1, failureThreshold: 3, initialDelaySeconds: 3 }\n      ports:\n'),
    )
    const [server] = await inStates(cluster, 'sick', 'Ready')
    await say(server?.status ?? { address: '', ports: null }, 'UNHEALTHY')
    await eventually('another one is Ready', async () => {
      const now = await serversOf(cluster, 'sick')
      return now.length === 1 && now[0]?.status?.state === 'Ready' && now[0].metadata.uid !== server?.metadata.uid
    })
  })
})
