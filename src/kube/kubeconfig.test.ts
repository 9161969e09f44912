import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { inClusterConfig } from './in-cluster.ts'
import { KubeconfigError, loadKubeconfig } from './kubeconfig.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

function config(user: Record<string, unknown>, cluster: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'games' } }],
  }
}

const load = (files: readonly string[], more: { context?: string; clock?: FakeClock } = {}) =>
  loadKubeconfig({ files, env: process.env, ...more })

describe('loadKubeconfig', () => {
  test('resolves the current context', async () => {
    await file('ca.pem', 'CA')
    const path = await file(
      'a',
      config({ token: 't', as: 'jane', 'as-groups': ['x', 'y'] }, { 'certificate-authority': 'ca.pem', 'tls-server-name': 'k' }),
    )
    const loaded = await load([path])
    expect(loaded).toMatchObject({ server: 'https://127.0.0.1:6443', ca: 'CA', namespace: 'games', tlsServerName: 'k', context: 'here' })
    expect(await loaded.credentials.get()).toEqual({
      headers: { authorization: 'Bearer t', 'impersonate-user': 'jane', 'impersonate-group': ['x', 'y'] },
    })
  })

  test('merges files: the first that names something wins, missing files are skipped', async () => {
    const first = await file('first', { contexts: [{ name: 'there', context: { cluster: 'c', user: 'u' } }] })
    const second = await file('second', config({ username: 'u', password: 'p' }))
    const loaded = await load([join(folder, 'missing'), first, second], { context: 'there' })
    expect(loaded.namespace).toBe('default')
    expect(await loaded.credentials.get()).toEqual({ headers: { authorization: `Basic ${btoa('u:p')}` } })
  })

  test('reads client certificates inline', async () => {
    const path = await file('cert', config({ 'client-certificate-data': btoa('CERT'), 'client-key-data': btoa('KEY') }))
    expect(await (await load([path])).credentials.get()).toEqual({ headers: {}, clientCertificate: { cert: 'CERT', key: 'KEY' } })
  })

  test('reads a token file again after a minute or a refusal', async () => {
    const clock = new FakeClock()
    await file('token', 'one\n')
    const path = await file('tokens', config({ tokenFile: 'token' }))
    const { credentials } = await load([path], { clock })
    const token = async () => (await credentials.get()).headers['authorization']
    expect(await token()).toBe('Bearer one')
    await file('token', 'two')
    expect(await token()).toBe('Bearer one')
    await clock.advance(60_000)
    expect(await token()).toBe('Bearer two')
    await file('token', 'three')
    expect(credentials.invalidate()).toBe(true)
    expect(await token()).toBe('Bearer three')
  })

  test('runs a credential plugin until what it gave expires', async () => {
    const clock = new FakeClock()
    const script = `
      const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO)
      const status = { token: process.env.WHO + info.spec.cluster.server + process.pid, expirationTimestamp: '2026-01-01T00:01:00Z' }
      console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: info.apiVersion, status }))`
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', script],
      env: [{ name: 'WHO', value: 'me@' }],
      provideClusterInfo: true,
      interactiveMode: 'Never',
    }
    const { credentials } = await load([await file('exec', config({ exec }))], { clock })
    const [first, again] = await Promise.all([credentials.get(), credentials.get()])
    expect(first.headers['authorization']).toMatch(/^Bearer me@https:\/\/127.0.0.1:6443\/\d+$/)
    expect(again).toBe(first)
    await clock.advance(49_000)
    expect(await credentials.get()).toBe(first)
    await clock.advance(2000)
    expect(await credentials.get()).not.toBe(first)
  })

  test.each([
    [
      'a plugin that is missing, with its hint',
      { apiVersion: 'client.authentication.k8s.io/v1', command: 'no-such-plugin', installHint: 'get it' },
      /no-such-plugin could not be started[^]*get it/,
    ],
    [
      'a plugin that fails',
      { apiVersion: 'client.authentication.k8s.io/v1beta1', command: process.execPath, args: ['-e', 'process.exit(3)'] },
      /exit code 3/,
    ],
    [
      'a plugin that talks',
      { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-p', '1'] },
      /did not answer with an ExecCredential/,
    ],
    [
      'a plugin without an answer',
      { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', ''] },
      /did not answer with JSON/,
    ],
  ])('says what is wrong with %s', async (_what, exec, message) => {
    const { credentials } = await load([await file('bad-exec', config({ exec: { ...exec, interactiveMode: 'Never' } }))])
    await expect(credentials.get()).rejects.toThrow(message)
  })

  test.each([
    ['no file', undefined, {}, /no kubeconfig found/],
    ['an unknown context', config({}), { context: 'nowhere' }, /context "nowhere" does not exist; there are: here/],
    ['no current context', { contexts: [] }, {}, /no current-context/],
    ['broken YAML', 'a: [', {}, /not valid YAML/],
    ['half a certificate', config({ 'client-certificate-data': btoa('x') }), {}, /without its key/],
    ['a missing certificate file', config({ 'client-certificate': 'nope.pem' }), {}, /cannot read .*nope\.pem/],
    ['an old auth provider', config({ 'auth-provider': { name: 'gcp' } }), {}, /use an exec plugin/],
  ])('says what is wrong with %s', async (_what, content, more, message) => {
    const files = content === undefined ? [join(folder, 'missing')] : [await file('bad', content)]
    const error: unknown = await load(files, more).catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(KubeconfigError)
    expect(String(error)).toMatch(message)
  })
})

test('inClusterConfig reads the mounted service account', async () => {
  await file('ca.crt', 'CA')
  await file('token', 'sa')
  await file('namespace', 'berth-system\n')
  expect(await inClusterConfig({ env: {}, folder })).toBeUndefined()
  const found = await inClusterConfig({ env: { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }, folder })
  expect(found).toMatchObject({ server: 'https://[fd00::1]:443', ca: 'CA', namespace: 'berth-system' })
  expect(await found?.credentials.get()).toEqual({ headers: { authorization: 'Bearer sa' } })
})
