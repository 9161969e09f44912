import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { controllerrevisions, pods } from '../apis/core/resources.generated.ts'
import { gameServerSets } from '../apis/game.kruise.io/game-server-set.ts'
import { gameServers } from '../apis/game.kruise.io/game-server.ts'
import { controllerReference } from '../kube/owner-reference.ts'
import type { RestClient } from '../kube/rest-client.ts'
import { type Ran, startTestBerth, type TestBerth } from './test-berth.ts'

// Nothing runs in this cluster, so pods, revisions and statuses are written by hand.
let cluster: TestBerth
let client: RestClient
const berth = (args: string | readonly string[], input?: string, signal?: AbortSignal): Promise<Ran> => cluster.run(args, input, signal)
const ref = (name: string) => ({ namespace: 'games', name })

beforeAll(async () => {
  cluster = await startTestBerth()
  client = cluster.client
})

afterAll(() => cluster[Symbol.asyncDispose]())

describe('logs and exec', () => {
  const seen: unknown[] = []
  beforeAll(async () => {
    const refused = { refused: true, status: 400, message: 'not here' } as const
    cluster.api.setStreams({
      async logs({ pod, container = '' }, query) {
        seen.push([pod, container, query.follow, query.previous, query.tailLines])
        return Readable.from([Buffer.from(`from ${container}\n`)])
      },
      async exec(_ref, { command }) {
        const stdin = new PassThrough()
        const stderr = Readable.from([Buffer.from(command.join('|'))])
        return {
          stdin,
          stdout: stdin,
          stderr,
          exit: once(stdin, 'end').then(() => ({ exitCode: 7, finishedAt: new Date() })),
          kill: () => {},
        }
      },
      attach: async () => refused,
      portForward: async () => refused,
    })
    const containers = ['game', 'sidecar'].map(name => ({ name, image: 'x' }))
    await client.create(pods, { metadata: ref('mc-9'), spec: { containers, nodeName: 'node' } })
  })

  test('logs come from the container that is meant', async () => {
    expect(await berth('logs mc-9')).toEqual({
      code: 0,
      out: 'from game\n',
      err: 'Using container "game" of: game, sidecar (choose with -c)\n',
    })
    expect(await berth('logs pod/mc-9 -c sidecar --previous --tail 5')).toEqual({ code: 0, out: 'from sidecar\n', err: '' })
    expect(seen).toEqual([
      ['mc-9', 'game', false, false, undefined],
      ['mc-9', 'sidecar', false, true, 5],
    ])
    expect((await berth('logs mc-9 -c nope')).err).toBe('berth: server mc-9 has no container "nope"; it has: game, sidecar\n')
  })

  test('exec carries input and output and ends with the exit code of the command', async () => {
    expect(await berth(['exec', 'mc-9', '-i', '-c', 'game', '--', 'cat', '-x', 'a b'], 'hello')).toEqual({
      code: 7,
      out: 'hello',
      err: 'cat|-x|a b',
    })
    expect((await berth('exec mc-9')).code).toBe(2)
  })
})

describe('rollouts and directed updates', () => {
  beforeAll(async () => {
    await client.create(gameServerSets, { metadata: ref('mc'), spec: { replicas: 2, gameServerTemplate: template('mc:1.12.2') } })
  })
  const template = (image: string) => ({ metadata: { labels: { app: 'mc' } }, spec: { containers: [{ name: 'game', image }] } })
  const owner = async () => controllerReference(await client.get(gameServerSets, ref('mc')))

  test('undo writes the template of the earlier revision back', async () => {
    for (const [revision, image] of [
      [1, 'mc:1'],
      [2, 'mc:1.12.2'],
    ] as const) {
      const metadata = { ...ref(`mc-${revision}`), labels: { 'game.kruise.io/owner-gss': 'mc' }, ownerReferences: [await owner()] }
      const data = { spec: { template: { ...template(image), $patch: 'replace' } } }
      await client.create(controllerrevisions, { metadata, revision, data })
    }
    expect((await berth('rollout history mc')).out).toMatch(/REVISION +NAME .*\n2 +mc-2 +0 .*game=mc:1\.12\.2\n1 +mc-1 +0 .*game=mc:1\n/)
    expect((await berth('rollout undo mc --to-revision 2')).out).toContain('is what the set asks for already')
    expect((await berth('rollout undo mc')).out).toBe('mc: revision 1 (mc-1) is wanted again\n')
    expect((await client.get(gameServerSets, ref('mc'))).spec.gameServerTemplate).toEqual(template('mc:1'))
    expect((await berth('rollout undo mc --to-revision 7')).err).toBe('berth: mc has no revision 7; there are: 1, 2\n')
  })

  test('pause and resume change only that', async () => {
    await berth('rollout pause mc')
    expect((await client.get(gameServerSets, ref('mc'))).spec.updateStrategy).toEqual({ rollingUpdate: { paused: true } })
    await berth('rollout resume mc')
    expect((await client.get(gameServerSets, ref('mc'))).spec.updateStrategy).toEqual({ rollingUpdate: { paused: false } })
  })

  test('update overrides the image of one server and keeps its other overrides', async () => {
    const labels = { 'game.kruise.io/owner-gss': 'mc' }
    await client.create(pods, { metadata: { ...ref('mc-0'), labels }, spec: { containers: [{ name: 'game', image: 'mc:1' }] } })
    await client.create(gameServers, { metadata: { ...ref('mc-0'), labels }, spec: { containers: [{ name: 'other', image: 'x' }] } })
    const ran = await berth('update mc-0 --image mc:2')
    expect([ran.code, ran.out]).toEqual([0, 'mc-0: game shall run mc:2\n'])
    expect(ran.err).toContain('reclaimPolicy of mc is not Delete')
    expect((await client.get(gameServers, ref('mc-0'))).spec?.containers).toEqual([
      { name: 'other', image: 'x' },
      { name: 'game', image: 'mc:2' },
    ])
    expect((await berth('update mc-0 --image web=x')).err).toBe('berth: server mc-0 has no container "web"; it has: game\n')
    const late = await berth('update mc-0 --image game=mc:3 --wait --timeout 100ms')
    expect([late.code, late.err.split('\n').at(-2)]).toEqual([
      124,
      'berth: mc-0 does not run it yet: the controller has not changed game yet',
    ])
  })

  test('addresses shows what players dial', async () => {
    const address = (ip: string, port: number) => ({ ip, ports: [{ name: '25565', protocol: 'TCP', port }] })
    const networkStatus = {
      networkType: 'Volcengine-CLB',
      currentNetworkState: 'Ready',
      externalAddresses: [address('1.2.3.4', 512)],
      internalAddresses: [address('10.0.0.1', 25565)],
    }
    const status = { currentState: 'Ready' as const, networkStatus }
    await client.patch(gameServers, ref('mc-0'), { status }, { type: 'merge', subresource: 'status' })
    expect((await berth('addresses mc')).out).toMatch(/^SERVER .*\nmc-0 +Ready +25565 +TCP +1\.2\.3\.4:512 +10\.0\.0\.1:25565\n$/)
    expect(JSON.parse((await berth('addresses -o json')).out)).toMatchObject([
      {
        server: 'mc-0',
        set: 'mc',
        network: 'Volcengine-CLB',
        endpoints: [{ external: '1.2.3.4:512', internal: '10.0.0.1:25565', protocol: 'TCP' }],
      },
    ])
    expect((await berth('addresses nope')).code).toBe(3)
  })

  test('status tells why it is not done', async () => {
    const ran = await berth('rollout status mc --no-watch')
    expect(ran.code).toBe(1)
    expect(ran.out).toContain('mc: 0 of 2 updated, 0 of 2 ready')
    expect(ran.out).toContain('the controller has not seen the latest change yet')
    expect(ran.out).toContain('1 of 2 servers do not exist yet')
    const late = await berth('rollout status mc --timeout 100ms')
    expect([late.code, late.err]).toEqual([124, 'berth: mc is not done in time\n'])
  })

  test('status waits until it is done, or the set is gone', async () => {
    const spec = { replicas: 0, gameServerTemplate: template('mc:1') }
    await client.create(gameServerSets, { metadata: ref('empty'), spec })
    const waiting = berth('rollout status empty')
    await new Promise(resolve => setTimeout(resolve, 50))
    const status = { observedGeneration: 1, replicas: 0, readyReplicas: 0, availableReplicas: 0, currentReplicas: 0, updatedReplicas: 0 }
    await client.patch(gameServerSets, ref('empty'), { status }, { type: 'merge', subresource: 'status' })
    expect(await waiting).toMatchObject({ code: 0, out: expect.stringContaining('empty: done: 0 of 0 servers ready') })
    const abandoned = berth('rollout status mc')
    await new Promise(resolve => setTimeout(resolve, 50))
    await client.delete(gameServerSets, ref('mc'))
    expect(await abandoned).toMatchObject({ code: 3, err: 'berth: the game server set mc has been deleted\n' })
  })
})
