import { afterAll, beforeAll, describe, expect } from 'vitest'
import { createFleet as createNamedFleet, inStates as inStatesOf, serversOf as serversOfFleet, unhurried } from './harness/agones.ts'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'

const test = testNeeding('kubectl')

interface Pod {
  metadata: { uid: string; labels: Record<string, string> }
  status: { containerStatuses: { name: string; image: string; restartCount: number }[] }
}

const image = (tag: string) => `us-docker.pkg.dev/agones-images/examples/simple-game-server:${tag}`
const container = 'simple-game-server'
const inPlace = '  strategy: { type: InPlaceIfPossible, rollingUpdate: { maxUnavailable: 1 } }\n'

describe('rollouts of Fleets', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster({ agones: true })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const serversOf = (fleet: string) => serversOfFleet(cluster, fleet)
  const inStates = (fleet: string, ...states: string[]) => inStatesOf(cluster, fleet, ...states)
  const podOf = async (name: string) => {
    const { metadata, status } = await cluster.get<Pod>(`pod ${name}`)
    const game = status.containerStatuses.find(one => one.name === container)
    return { uid: metadata.uid, tag: game?.image.split(':').at(-1) ?? '', restarts: game?.restartCount }
  }
  const tagsOf = async (fleet: string) =>
    (await Promise.all((await serversOf(fleet)).map(async ({ metadata }) => (await podOf(metadata.name)).tag))).toSorted()
  const createFleet = async (name: string, more = '') => {
    await createNamedFleet(cluster, name, manifest => unhurried(manifest).replace('spec:\n', `spec:\n${more}`))
    return inStates(name, 'Ready', 'Ready')
  }
  const patchTemplate = (fleet: string, operation: object) =>
    cluster.k(['patch', 'fleet', fleet, '--type=json', '-p', JSON.stringify([operation])])
  const setImage = (fleet: string, tag: string) =>
    patchTemplate(fleet, { op: 'replace', path: '/spec/template/spec/template/spec/containers/0/image', value: image(tag) })
  const mark = (server: string, state: string) =>
    cluster.k(['patch', `gameservers.agones.dev/${server}`, '--type=merge', '-p', JSON.stringify({ status: { state } })])
  /** Succeeds, and gives what was printed. */
  const berth = async (args: string | readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.berth(args)
    expect(code, stderr).toBe(0)
    return stdout
  }

  test.each([
    ['by RollingUpdate', 'rolled', ''],
    ['by Recreate', 'remade', '  strategy: { type: Recreate }\n'],
    ['in place', 'hot', inPlace],
  ])('%s: status waits, history tells, undo goes back, who plays stays', async (_, fleet, strategy) => {
    const [played] = await createFleet(fleet, strategy)
    const name = played?.metadata.name ?? ''
    await mark(name, 'Allocated')
    await setImage(fleet, '0.41')
    const told = await berth(`rollout status fleet/${fleet} --timeout 50s`)
    expect(told).toContain(`${name}: is Allocated: is protected and keeps its version until it is free`)
    expect(told).toMatch(new RegExp(`${fleet}: done: 2 of 2 servers ready, 1 kept on an older version\\n$`))
    expect(await tagsOf(fleet)).toEqual(['0.40', '0.41'])
    const history = await berth(`rollout history fleet/${fleet}`)
    expect(
      history
        .split('\n')
        .map(line => line.split(/ {2,}/))
        .map(([number, , servers, , images]) => [number, servers, images]),
    ).toEqual([
      ['REVISION', 'SERVERS', 'IMAGES'],
      ['2', '1', `${container}=${image('0.41')}`],
      ['1', '1', `${container}=${image('0.40')}`],
      ['', undefined, undefined],
    ])
    await berth(`rollout undo fleet/${fleet}`)
    await berth(`rollout status ${fleet} --timeout 50s`)
    expect(await tagsOf(fleet)).toEqual(['0.40', '0.40'])
    expect((await serversOf(fleet)).find(({ metadata }) => metadata.name === name)).toMatchObject({
      metadata: { uid: played?.metadata.uid },
      status: { state: 'Allocated' },
    })
  })

  test('a paused Fleet stays as it is, says so, and goes on', async () => {
    await createFleet('paused', inPlace)
    await berth('rollout pause fleet/paused')
    await setImage('paused', '0.41')
    const late = await cluster.berth('rollout status fleet/paused --timeout 2s')
    expect(late.code).toBe(124)
    expect(late.stdout).toContain('the rollout is paused (annotation berth.dev/paused)')
    expect(await tagsOf('paused')).toEqual(['0.40', '0.40'])
    await berth('rollout resume fleet/paused')
    await berth('rollout status fleet/paused --timeout 50s')
    expect(await tagsOf('paused')).toEqual(['0.41', '0.41'])
    expect(await cluster.k('get fleets,gameserversets.agones.dev -o wide')).toMatch(/UPDATED/)
    expect(await cluster.k('get fleet paused -o jsonpath={.status.updatedReplicas}')).toBe('2')
  })

  test('new labels reach servers and pods, and nothing restarts', async () => {
    const servers = await createFleet('labelled', inPlace)
    const [played] = servers
    await mark(played?.metadata.name ?? '', 'Allocated')
    const before = await Promise.all(servers.map(({ metadata }) => podOf(metadata.name)))
    const onServers = { op: 'add', path: '/spec/template/metadata', value: { labels: { season: 'winter' } } }
    const onPods = { op: 'add', path: '/spec/template/spec/template/metadata', value: { labels: { team: 'blue' } } }
    await cluster.k(['patch', 'fleet', 'labelled', '--type=json', '-p', JSON.stringify([onServers, onPods])])
    await berth('rollout status fleet/labelled --timeout 30s')
    expect(
      (await serversOf('labelled')).map(({ metadata, status }) => `${metadata.labels?.['season']} ${status?.state}`).toSorted(),
    ).toEqual(['winter Allocated', 'winter Ready'])
    expect((await cluster.get<{ items: Pod[] }>('pods -l team=blue')).items).toHaveLength(2)
    expect(await Promise.all(servers.map(({ metadata }) => podOf(metadata.name)))).toEqual(before)
  })

  test('one server gets an image of its own, keeps it through rollouts, and gives it up', async () => {
    const [one, other] = await createFleet('directed', inPlace)
    const [name, second] = [one?.metadata.name ?? '', other?.metadata.name ?? '']
    const { uid } = await podOf(name)
    await berth(['update', name, '--image', `${container}=${image('0.41')}`, '--wait'])
    const directed = { uid, tag: '0.41', restarts: 1 }
    expect([await podOf(name), (await podOf(second)).tag]).toEqual([directed, '0.40'])
    for (const tag of ['0.41', '0.40']) {
      await setImage('directed', tag)
      await berth('rollout status fleet/directed --timeout 50s')
      expect([await podOf(name), (await podOf(second)).tag]).toEqual([directed, tag])
    }
    await mark(name, 'Allocated')
    const { code, stderr } = await cluster.berth(['update', name, '--reset', container])
    expect([code, stderr]).toEqual([0, expect.stringContaining(`Note: ${name} is Allocated`)])
    expect(await podOf(name)).toEqual(directed)
    await mark(name, 'Ready')
    await eventually('it is as its template says', async () => (await podOf(name)).tag === '0.40')
    await inStates('directed', 'Ready', 'Ready')
    expect((await podOf(name)).uid).toBe(uid)
  })

  test('what cannot be meant is refused where it is written', async () => {
    const [server] = await createFleet('wrong', inPlace)
    const annotate = (object: string, note: string) => cluster.kubectl(['annotate', '--overwrite', object, note])
    const name = `gameservers.agones.dev/${server?.metadata.name ?? ''}`
    const refused: readonly [string, string, string][] = [
      [
        name,
        'image.berth.dev/nobody=a:1',
        'metadata.annotations[image.berth.dev/nobody]: Invalid value: "a:1": there is no container nobody',
      ],
      [name, `image.berth.dev/${container}=a b`, 'must be an image'],
      ['fleet/wrong', 'berth.dev/paused=maybe', 'metadata.annotations[berth.dev/paused]: Invalid value: "maybe": must be true or false'],
    ]
    for (const [object, note, message] of refused) {
      const { code, stderr } = await annotate(object, note)
      expect([note, code]).toEqual([note, 1])
      expect(stderr).toContain(message)
    }
    expect((await annotate(name, `image.berth.dev/${container}=${image('0.40')}`)).code).toBe(0)
  })
})
