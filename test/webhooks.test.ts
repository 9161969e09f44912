import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { renderChart } from '../deploy/helm.ts'
import { okgCustomResourceDefinitions } from '../src/apis/game.kruise.io/custom-resource-definitions.ts'
import { okgWebhookConfiguration } from '../src/families/okg/webhook-configuration.ts'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { helmProgram, testWithHelm } from './harness/install.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet } from './harness/okg.ts'
import { ownAddress, Webhooks } from './harness/webhook-processes.ts'

const test = testNeeding('kubectl')

describe('webhooks in processes of their own', () => {
  let cluster: TestCluster
  let hooks: Webhooks
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--simulate', '--no-controllers'] })
    if ((await cluster.kubectl('get crd gameserversets.game.kruise.io')).code !== 0) {
      const list = { apiVersion: 'v1', kind: 'List', items: okgCustomResourceDefinitions }
      await cluster.k('apply --server-side -f -', JSON.stringify(list))
      await cluster.k('wait --for=condition=Established crd/gameserversets.game.kruise.io crd/gameservers.game.kruise.io')
    }
    hooks = new Webhooks(cluster, 'hooks')
  })
  afterAll(async () => {
    await hooks[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })

  const berth = () => `system:serviceaccount:${cluster.namespace}:berth-controller`
  /** As the chart renders it, without certificates. */
  const rendered = () =>
    okgWebhookConfiguration({
      name: hooks.configuration,
      server: { service: { name: hooks.name, namespace: cluster.namespace } },
      controllerUser: berth(),
      namespaces: [cluster.namespace],
    })
  const network = (networkType: string) => ({
    network: {
      networkType,
      networkConf: [
        { name: 'ClbIds', value: 'clb-a' },
        { name: 'PortProtocols', value: '80' },
      ],
    },
  })
  const set = (name: string, more: object = {}) => {
    const manifest = gameServerSet({ name, replicas: 0, ...more }) as { metadata: object }
    return { ...manifest, metadata: { ...manifest.metadata, namespace: cluster.namespace } }
  }
  const misspelt = (name: string) => set(name, { spec: network('Volcengine-CBL') })
  const apply = (manifest: object, ...args: string[]) => cluster.kubectl(['apply', ...args, '-f', '-'], JSON.stringify(manifest))
  const isRefused = async () => {
    const ran = await apply(misspelt('probe'), '--dry-run=server')
    return ran.code !== 0 && ran.stderr.includes('did you mean "Volcengine-CLB"?')
  }
  const statusPatch = (status: object) => ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]
  /** How many calls a command causes. */
  const callsOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = await hooks.answered()
    await work()
    return (await hooks.answered()) - before
  }

  test('two that start at once agree on one certificate, and the API server trusts both', async () => {
    await cluster.apply(rendered())
    await hooks.restrict()
    await hooks.start(2, '--shutdown-delay', '2s')
    const [bundle = ''] = await eventually('the configuration trusts somebody', async () => {
      const bundles = await hooks.bundles()
      return bundles.length === 2 && bundles.every(text => text.includes('BEGIN CERTIFICATE')) && bundles
    })
    const shown = await eventually('both show the same certificate', async () => {
      const certificates = new Set(await Promise.all(hooks.processes.map(process => process.certificate(bundle))))
      return certificates.size === 1 && certificates
    })
    expect(shown.size).toBe(1)
    for (const process of hooks.processes) expect(await process.isReady()).toBe(true)
    await eventually('the API server calls', isRefused)
  })

  test('bad input is refused: field, value, and what is allowed', async () => {
    const network = await apply(misspelt('bad'))
    expect(network.code).not.toBe(0)
    expect(network.stderr).toMatch(/The GameServerSet "bad" is invalid: spec\.network\.networkType: Invalid value: "Volcengine-CBL"/)
    expect(network.stderr).toMatch(/did you mean "Volcengine-CLB"\?/)
    const metadata = { labels: { team: 'a/b' } }
    const label = await apply(set('bad', { template: { metadata, spec: { containers: [{ name: 'game', image: 'a:1' }] } } }))
    expect(label.stderr).toMatch(/spec\.gameServerTemplate\.metadata\.labels\[team\]: Invalid value: "a\/b"/)
    expect((await cluster.kubectl('get gss.game.kruise.io bad')).code).not.toBe(0)
  })

  test('a server is compared with its set: an override of a container that is not there is refused, a misspelt state warned of', async () => {
    await cluster.apply(set('rooms'))
    await cluster.apply({
      apiVersion: 'game.kruise.io/v1alpha1',
      kind: 'GameServer',
      metadata: { name: 'rooms-0', labels: { 'game.kruise.io/owner-gss': 'rooms' } },
      spec: { opsState: 'None' },
    })
    const patch = (spec: object) =>
      cluster.kubectl(['patch', 'gameservers.game.kruise.io', 'rooms-0', '--type=merge', '-p', JSON.stringify({ spec })])
    const override = await patch({ containers: [{ name: 'gmae', image: 'a:2' }] })
    expect(override.code).not.toBe(0)
    expect(override.stderr).toMatch(
      /spec\.containers\[0\]\.name: Invalid value: "gmae": GameServerSet rooms has no such container; did you mean "game"\?/,
    )
    expect(await patch({ containers: [{ name: 'game', image: 'a:2' }] })).toMatchObject({ code: 0, stderr: '' })
    const state = await patch({ opsState: 'Maintaning' })
    expect(state).toMatchObject({ code: 0, stderr: expect.stringMatching(/Warning: .*did you mean "Maintaining"\?/) })
  })

  test('nothing is sent but specs that somebody else than Berth changes', async () => {
    expect(await callsOf(() => cluster.apply(set('quiet')))).toBe(1)
    const server = (name: string) => ({ apiVersion: 'game.kruise.io/v1alpha1', kind: 'GameServer', metadata: { name } })
    expect(
      await callsOf(async () => {
        await cluster.k('label gss.game.kruise.io quiet team=a')
        await cluster.k('annotate gss.game.kruise.io quiet note=a')
        await cluster.k('scale gss.game.kruise.io quiet --replicas=0')
        const counts = { replicas: 0, readyReplicas: 0, availableReplicas: 0, currentReplicas: 0, updatedReplicas: 0 }
        await cluster.k(['patch', 'gss.game.kruise.io', 'quiet', ...statusPatch(counts)])
        await cluster.apply(server('quiet-0'))
        await cluster.k(['patch', 'gs.game.kruise.io', 'quiet-0', ...statusPatch({ currentState: 'Ready' })])
        await cluster.k('label gs.game.kruise.io quiet-0 game.kruise.io/gs-state=Ready')
        await cluster.k('create configmap other')
        await cluster.k('run other --image=a:1 --restart=Never')
        await cluster.k('delete pod other --wait=false')
      }),
    ).toBe(0)
    await cluster.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'berth-controller' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'User', name: berth(), apiGroup: 'rbac.authorization.k8s.io' }],
    })
    const reserve = { spec: { reserveGameServerIds: [3] } }
    const asBerth = ['patch', 'gameserverset.game.kruise.io', 'quiet', '--type=merge', '-p', JSON.stringify(reserve), '--as', berth()]
    expect(await callsOf(() => eventually('the right is granted', async () => (await cluster.kubectl(asBerth)).code === 0))).toBe(0)
  })

  test('applying the configuration again leaves the certificates in it, by either kind of apply', async () => {
    const before = await hooks.bundles()
    for (const how of [[], ['--server-side', '--force-conflicts']]) {
      expect((await apply(rendered(), ...how)).code).toBe(0)
      const changed = { ...rendered(), metadata: { ...rendered().metadata, labels: { changed: String(how.length) } } }
      expect((await apply(changed, ...how)).code).toBe(0)
      expect(await hooks.bundles()).toEqual(before)
    }
    expect(await isRefused()).toBe(true)
  })

  test('a stop is graceful, and an outage keeps nobody from working', async () => {
    const stopping = hooks.stop()
    await sleep(500)
    expect(await isRefused()).toBe(true)
    await stopping
    const started = Date.now()
    expect((await apply(set('meanwhile', { spec: network('Volcengine-CLB') }))).code).toBe(0)
    expect((await apply(misspelt('meanwhile-bad'))).stderr).not.toMatch(/failed calling webhook/)
    await cluster.k('create configmap meanwhile')
    // What the schema says holds without any webhook.
    expect((await apply(set('meanwhile-worse', { spec: { reserveGameServerIds: ['6-4'] } }))).stderr).toMatch(/runs backwards/)
    expect(Date.now() - started).toBeLessThan(15_000)
  })

  test('one that hangs is waited for a few seconds only', async () => {
    await hooks.start(1)
    await eventually('the API server calls', isRefused)
    hooks.processes[0]?.child.kill('SIGSTOP')
    const started = Date.now()
    expect((await apply(set('hanging'))).code).toBe(0)
    expect(Date.now() - started).toBeLessThan(10_000)
    hooks.processes[0]?.child.kill('SIGCONT')
    await eventually('it is asked again', isRefused)
    await hooks.stop('SIGKILL')
  })

  test('from a machine beside the cluster: installed by the command, called by URL', async () => {
    await using beside = new Webhooks(cluster, 'beside')
    const port = 22_000 + (process.pid % 900)
    const url = `https://${ownAddress()}:${port}`
    await beside.start(1, '--install', '--url', url, '--bind', `0.0.0.0:${port}`)
    await eventually('the API server calls', isRefused)
    expect(await beside.answered()).toBeGreaterThan(0)
  })

  test('certificates and their authority are replaced while requests flow, and not one is let through', { timeout: 180_000 }, async () => {
    await cluster.k(['delete', 'secret', `${hooks.name}-tls`])
    await hooks.start(2, '--certificate-lifetime', '10s')
    await eventually('the API server calls', isRefused)
    // The authority that signs now comes first; after it, for a moment, the one whose Secret was deleted.
    const [first = ''] = ((await hooks.bundles())[0] ?? '').split('-----END')
    const certificates = new Set<string>()
    let asked = 0
    let most = 0
    const flow = async (until: () => boolean) => {
      while (!until()) {
        expect(await isRefused(), `request ${asked} after ${certificates.size} certificates\n${hooks.processes[0]?.log()}`).toBe(true)
        asked += 1
        const bundles = await hooks.bundles()
        most = Math.max(most, bundles[0]?.match(/BEGIN/g)?.length ?? 0)
        for (const process of hooks.processes) certificates.add(await process.certificate(bundles[0] ?? ''))
        replaced = !bundles.some(bundle => bundle.includes(first.trim()))
      }
    }
    let replaced = false
    const end = Date.now() + 120_000
    await flow(() => replaced || Date.now() > end)
    expect(replaced).toBe(true)
    expect(certificates.size).toBeGreaterThanOrEqual(3)
    expect(most).toBe(2)
    // A Secret that is deleted, or broken, is made again; what is in use stays trusted meanwhile.
    await cluster.k(['delete', 'secret', `${hooks.name}-tls`])
    const deleted = Date.now()
    await flow(() => Date.now() > deleted + 4000)
    await cluster.k(['patch', 'secret', `${hooks.name}-tls`, '--type=merge', '-p', '{"stringData":{"ca.key":"broken"}}'])
    const broken = Date.now()
    await flow(() => Date.now() > broken + 4000)
    for (const process of hooks.processes) expect(process.log()).toMatch(/there is no usable authority|certificate in use/)
    expect(asked).toBeGreaterThan(30)
  })
})

testWithHelm.each([
  ['everywhere', [], {}],
  ['in some namespaces', ['--set', 'watchNamespaces={a,b}'], { namespaces: ['a', 'b'] }],
])('the chart has the same configuration as berth webhooks --install: %s', (_where, args, more) => {
  const documents = parseAllDocuments(renderChart(helmProgram ?? 'helm', args)).map(
    document => document.toJS() as { kind?: string; webhooks?: object } | null,
  )
  const { webhooks } = okgWebhookConfiguration({
    name: 'berth-webhooks',
    server: { service: { name: 'berth-webhooks', namespace: 'berth-system' } },
    controllerUser: 'system:serviceaccount:berth-system:berth-controller',
    ...more,
  })
  expect(documents.find(document => document?.kind === 'ValidatingWebhookConfiguration')?.webhooks).toEqual(webhooks)
})
