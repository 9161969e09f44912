import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gameServerSets } from '../apis/game.kruise.io/game-server-set.ts'
import type { RestClient } from '../kube/rest-client.ts'
import { type Ran, startTestBerth, type TestBerth } from './test-berth.ts'

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

let cluster: TestBerth
let client: RestClient
const berth = (args: string | readonly string[], input?: string, signal?: AbortSignal): Promise<Ran> => cluster.run(args, input, signal)
const ref = (name: string) => ({ namespace: 'games', name })

beforeAll(async () => {
  cluster = await startTestBerth()
  client = cluster.client
  await writeFile(join(cluster.folder, 'set.yaml'), manifest)
})

afterAll(() => cluster[Symbol.asyncDispose]())

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

  test('watches until it is interrupted, in the columns of the first table', async () => {
    await berth('apply -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a-long-name, labels: {w: x}}')
    const stop = new AbortController()
    const watching = berth('get cm -l w=x -w', '', stop.signal)
    await new Promise(resolve => setTimeout(resolve, 50))
    await berth('apply -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, labels: {w: x}}\ndata: {k: v}')
    await berth('apply -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: unselected}')
    await new Promise(resolve => setTimeout(resolve, 50))
    stop.abort()
    const { code, out, err } = await watching
    expect([code, err]).toEqual([130, ''])
    expect(out.replaceAll(/\d+s/g, '0s')).toBe('NAME          DATA   AGE\na-long-name   0      0s\nb             1      0s\n')
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
