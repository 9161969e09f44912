import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { controllerrevisions, pods } from '../apis/core/resources.generated.ts'
import { gameServerSets } from '../apis/game.kruise.io/game-server-set.ts'
import { gameServers } from '../apis/game.kruise.io/game-server.ts'
import { systemClock } from '../kube/clock.ts'
import { controllerReference } from '../kube/owner-reference.ts'
import { RestClient } from '../kube/rest-client.ts'
import { type ApiServer, createApiServer } from '../local/apiserver/server.ts'
import { hostPlan } from '../local/host-plan.ts'
import { installDefinitions } from '../main/definitions.ts'
import type { CliContext } from './context.ts'
import { buildCli, runCli } from './program.ts'

// The commands against a real API server, in process; nothing runs there, so pods and statuses are written by hand.
let api: ApiServer
let client: RestClient
let folder = ''

beforeAll(async () => {
  api = await createApiServer({ plan: hostPlan(59) })
  client = new RestClient({ transport: api.transport() })
  await installDefinitions(client, AbortSignal.timeout(10_000))
  folder = await mkdtemp(join(tmpdir(), 'berth-cli-'))
  const config = {
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: 'https://in.process' } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'games' } }],
  }
  await writeFile(join(folder, 'config'), JSON.stringify(config))
  await writeFile(join(folder, 'set.yaml'), manifest)
  expect(await berth('apply -f -', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: games}\n')).toMatchObject({ code: 0 })
})

afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const manifest = `
apiVersion: game.kruise.io/v1alpha1
kind: GameServerSet
metadata: {name: mc}
spec:
  replicas: 2
  gameServerTemplate:
    metadata: {labels: {app: mc}}
    spec: {containers: [{name: game, image: 'mc:1.12.2'}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: rules}
data: {pvp: "on", born: "2026-01-01"}
`

async function berth(args: string | readonly string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const text = (chunk: string | Uint8Array): string => (typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk))
  const context: CliContext = {
    env: { KUBECONFIG: join(folder, 'config') },
    cwd: folder,
    home: folder,
    stdin: (async function* () {
      yield input
    })(),
    stdout: { write: chunk => (out += text(chunk)) },
    stderr: { write: chunk => (err += text(chunk)) },
    clock: systemClock,
    signal: AbortSignal.timeout(10_000),
    createTransport: () => api.transport(),
    exitCode: 0,
  }
  const code = await runCli(buildCli(context), context, typeof args === 'string' ? args.split(' ') : args)
  return { code, out, err }
}

const ref = (name: string) => ({ namespace: 'games', name })

describe('apply, get, scale, delete', () => {
  test('creates, tells when nothing changed, and changes', async () => {
    expect((await berth('apply -f set.yaml --dry-run=server')).out).toContain('gameserverset.game.kruise.io/mc created (server dry run)')
    expect((await berth('get gss')).err).toBe('No resources found in games namespace.\n')
    const created = await berth('apply -f set.yaml')
    expect(created).toEqual({ code: 0, err: '', out: 'gameserverset.game.kruise.io/mc created\nconfigmap/rules created\n' })
    expect((await berth('apply -f set.yaml')).out).toBe('gameserverset.game.kruise.io/mc unchanged\nconfigmap/rules unchanged\n')
    const changed = await berth('apply -f -', manifest.replace('1.12.2', '1.13.0'))
    expect(changed.out).toBe('gameserverset.game.kruise.io/mc configured\nconfigmap/rules unchanged\n')
    expect((await client.get(gameServerSets, ref('mc'))).spec.gameServerTemplate.spec.containers[0]?.image).toBe('mc:1.13.0')
  })

  test('prints tables, objects and names', async () => {
    const table = (await berth('get gss')).out
    expect(table).toMatch(/^NAME +DESIRED +CURRENT .*AGE\nmc +2 +/)
    expect((await berth('get GameServerSets.game.kruise.io mc --no-headers')).out).toMatch(/^mc +2/)
    expect((await berth('get gss -A')).out).toMatch(/^NAMESPACE +NAME/)
    expect((await berth('get gss,cm -o name')).out).toBe('gameserverset.game.kruise.io/mc\nconfigmap/rules\n')
    const object = JSON.parse((await berth('get cm/rules -o json')).out) as { data: object; metadata: object }
    expect(object.data).toEqual({ pvp: 'on', born: '2026-01-01' })
    expect(object.metadata).not.toHaveProperty('managedFields')
    expect((await berth('get cm rules -o yaml')).out).toContain('pvp: "on"')
    expect((await berth('get cm rules -n other')).code).toBe(3)
    expect((await berth('describe cm rules')).out).toMatch(/Name: +rules\nNamespace: +games[^]*born: [^]*Events: +<none>/)
  })

  test('a file wins over an earlier scale, but not over others without being told to', async () => {
    expect((await berth('scale mc --replicas 5')).out).toBe('gameserverset.game.kruise.io/mc scaled to 5\n')
    expect((await berth('scale gss/mc --replicas 7 --current-replicas 3')).err).toBe('berth: mc has 5 replicas, not 3\n')
    expect((await berth('apply -f set.yaml')).code).toBe(0)
    expect((await client.get(gameServerSets, ref('mc'))).spec.replicas).toBe(2)
    await client.patch(gameServerSets, ref('mc'), { spec: { replicas: 9 } }, { type: 'merge', fieldManager: 'someone' })
    const refused = await berth('apply -f set.yaml')
    expect(refused.code).toBe(6)
    expect(refused.err).toContain('conflict with "someone"')
    expect(refused.err).toContain('--force-conflicts')
    // The rest of the file was applied.
    expect(refused.out).toBe('configmap/rules unchanged\n')
    expect((await berth('apply -f set.yaml --force-conflicts')).code).toBe(0)
  })

  test('says in one sentence what is wrong, with an exit code', async () => {
    const table: [string, string, number, RegExp][] = [
      ['get nosuch', '', 3, /^berth: the server has no kind "nosuch"\n$/],
      ['get gameserverset nope', '', 3, /^berth: gameserversets\.game\.kruise\.io "nope" not found\n$/],
      ['get cmm', '', 3, /no kind/],
      ['get configmap/a b', '', 2, /not of the form KIND\/NAME/],
      ['scale mc', '', 2, /--replicas/],
      ['scale cm/rules --replicas 1', '', 2, /a ConfigMap cannot be scaled/],
      ['frobnicate', '', 2, /unknown command/],
      ['apply -f nowhere.yaml', '', 2, /no file or folder nowhere\.yaml/],
      ['apply -f -', 'a: [', 2, /standard input: .*line 1/],
      ['apply -f -', 'kind: Pod\nmetadata: {name: a}', 2, /standard input:1: the object has no apiVersion/],
      ['apply -f -', 'apiVersion: x/v1\nkind: Foo\nmetadata: {name: a}', 3, /does not serve Foo in x\/v1/],
      [
        'apply -f - -n games',
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: other}',
        2,
        /in namespace "other", but -n names "games"/,
      ],
      ['apply -f -', manifest.replace('replicas: 2', 'replicas: two'), 6, /spec\.replicas/],
      ['delete gss', '', 2, /name the objects to delete/],
      ['delete', '', 2, /name either objects/],
      ['logs nope', '', 3, /there is no server nope in namespace games/],
      ['rollout status nope', '', 3, /no game server set nope in namespace games/],
      ['rollout undo mc', '', 3, /no earlier revision/],
      ['get pods --context nowhere', '', 2, /context "nowhere" does not exist; there are: test/],
    ]
    for (const [args, input, code, message] of table) {
      const ran = await berth(args, input)
      expect([args, ran.code], ran.err).toEqual([args, code])
      expect(ran.err).toMatch(message)
      expect(ran.err).not.toMatch(/\n +at /)
    }
  })

  test('deletes what a file describes and waits until it is gone', async () => {
    await berth('apply -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone}')
    expect((await berth('delete cm gone')).out).toBe('configmap/gone deleted\n')
    expect((await berth('delete cm gone')).code).toBe(3)
    expect((await berth('delete cm gone --ignore-not-found')).code).toBe(0)
    await berth('apply -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [a.b/c]}')
    const late = await berth('delete cm held --timeout 300ms')
    expect([late.code, late.err]).toEqual([124, 'berth: configmap/held is still there\n'])
  })

  test('every command has help with examples', async () => {
    for (const name of [
      'apply',
      'get',
      'describe',
      'delete',
      'logs',
      'exec',
      'scale',
      'addresses',
      'update',
      'rollout status',
      'rollout undo',
      'rollout history',
    ]) {
      const { code, out } = await berth(`${name} --help`)
      expect([name, code]).toEqual([name, 0])
      expect(out).toContain(`Examples:\n  berth ${name}`)
    }
    expect((await berth('--help')).out).toContain('Exit codes:')
  })
})

describe('rollouts and directed updates', () => {
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
