import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { renderChart } from '../deploy/helm.ts'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import {
  type Access,
  helmProgram,
  imageFolder,
  installBerth,
  isInstalled,
  nextChart,
  release,
  reviewAccess,
  testWithHelm as test,
  uninstallBerth,
  valuesOf,
} from './harness/install.ts'
import { gameServerSet, patchSet, podsOf, settled } from './harness/okg.ts'
import { root } from './harness/run.ts'

/** What a component may do with objects outside of its own namespace: everything that is not here is refused. */
const rights: Record<string, Record<string, string>> = {
  'berth-controller': {
    nodes: 'get list watch',
    pods: 'get list watch create patch delete',
    'pods/status': 'patch',
    'pods/finalizers': 'update',
    services: 'get list watch create patch delete',
    events: 'list watch create patch',
    'controllerrevisions.apps': 'get list watch create patch delete',
    // For sets that OpenKruise runs until they are taken over.
    'statefulsets.apps.kruise.io': 'list watch delete',
    'gameserversets.game.kruise.io': 'get list watch patch',
    'gameserversets.game.kruise.io/status': 'patch',
    'gameserversets.game.kruise.io/finalizers': 'update',
    'gameservers.game.kruise.io': 'get list watch create patch delete',
    'gameservers.game.kruise.io/status': 'patch',
  },
  'berth-webhooks': { 'gameserversets.game.kruise.io': 'get' },
}
const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']
/** Everyone may ask about themselves. */
const everyones = new Set(['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews'])

const given = process.env['BERTH_TEST_KUBECONFIG']
/** A cluster that was given, where Berth runs beside the tests: a second one would get in its way. */
const isOthers = given !== undefined && !(await isInstalled(given))
if (isOthers && process.env['BERTH_FORBID_SKIPS'] === '1')
  throw new Error(`skips are forbidden and the chart is not installed as ${release.name} in ${release.namespace}`)

describe.skipIf(isOthers)('an installation', () => {
  let cluster: TestCluster
  let images = ''
  /** What the release was installed with, and keeps. */
  let own: readonly string[] = []
  const valuesFile = join(tmpdir(), `berth-values-${process.pid}.json`)
  beforeAll(async () => {
    images = given === undefined ? await imageFolder() : ''
    cluster = await startCluster({ args: ['--no-controllers', '--images', images, '--images', join(root, 'test/images')] })
    if (given !== undefined) {
      await writeFile(valuesFile, await valuesOf(given))
      own = ['--values', valuesFile]
    }
  }, 240_000)
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    for (const path of [images, valuesFile]) if (path !== '') await rm(path, { recursive: true, force: true })
  })

  const tiny = (name: string, replicas: number) =>
    gameServerSet({
      name,
      replicas,
      spec: { network: { networkType: 'Kubernetes-NodePort', networkConf: [{ name: 'PortProtocols', value: '8000/TCP' }] } },
      template: {
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'game', image: 'registry.example.com/studio/tiny:v1' }] },
      },
    })
  const inOwn = (args: string) => cluster.k(`-n ${release.namespace} ${args}`)
  const asAccount = (account: string, args: string) =>
    cluster.kubectl(`--as=system:serviceaccount:${release.namespace}:${account} --as-group=system:authenticated ${args}`)

  test('is accepted by the API server as template, as install.yaml and as kustomize base', async () => {
    await cluster.kubectl(`create namespace ${release.namespace}`)
    const rendered = renderChart(helmProgram ?? 'helm')
    const kustomized = await cluster.k(['kustomize', join(root, 'deploy/kustomize/base')])
    for (const manifests of [rendered, kustomized]) {
      const answer = await cluster.k(['apply', '--dry-run=server', '-f', '-'], manifests)
      expect(answer.match(/dry run/g)?.length).toBe(parseAllDocuments(manifests).length)
    }
    await cluster.k(['apply', '--dry-run=server', '-f', join(root, 'deploy/install.yaml')])
    if (cluster.kind === 'embedded') await cluster.k(`delete namespace ${release.namespace} --wait=true`)
  })

  test('works with no values given, two of each at work', async () => {
    if (cluster.kind === 'embedded') await installBerth(cluster.kubeconfig)
    const available = await inOwn('get deployments -o jsonpath={range.items[*]}{.metadata.name}={.status.availableReplicas},{end}')
    expect(available).toBe('berth-controller=2,berth-webhooks=2,')
    await cluster.apply(tiny('steady', 3))
    await settled(cluster, 'steady', [0, 1, 2], 60_000)
    const inPod = (...args: string[]) =>
      cluster.kubectl(['-n', release.namespace, 'exec', 'deployment/berth-controller', '--', '/usr/bin/berth', ...args])
    expect((await inPod('get', 'gameservers', '-n', cluster.namespace, '-o', 'name')).stdout).toContain('steady-0')
    expect(await inPod('dev')).toMatchObject({ code: 2, stderr: expect.stringContaining('berth dev is not in the container image') })
    const misspelt = JSON.stringify(tiny('misspelt', 1)).replace('PortProtocols', 'PortProtocol')
    await eventually('the webhooks refuse a misspelt parameter', async () => {
      const { code, stderr } = await cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], misspelt)
      return code !== 0 && stderr.includes('PortProtocols')
    })
  })

  test.each(Object.keys(rights))('%s may do its work and nothing more', async account => {
    const served = (await cluster.k('api-resources -o name')).split('\n').filter(name => name !== '')
    const subresources = [
      'pods/exec',
      'pods/log',
      'pods/attach',
      'pods/eviction',
      'pods/ephemeralcontainers',
      'nodes/status',
      'nodes/proxy',
    ]
    const wanted = rights[account] ?? {}
    const resources = [...new Set([...served, ...subresources, 'serviceaccounts/token', ...Object.keys(wanted)])]
    const questions = resources
      .filter(resource => !everyones.has(resource.split('.', 1)[0] ?? ''))
      .flatMap(resource => verbs.map((verb): Access => ({ verb, resource, namespace: cluster.namespace })))
    const answers = await reviewAccess(cluster, account, questions)
    const allowed: Record<string, string> = {}
    for (const [at, { resource, verb }] of questions.entries())
      if (answers[at] === true) allowed[resource] = allowed[resource] === undefined ? verb : `${allowed[resource]} ${verb}`
    expect(answers).toHaveLength(questions.length)
    expect(allowed).toEqual(wanted)
  })

  test('in its own namespace each component reaches its own lease or certificate, and no other', async () => {
    const namespace = release.namespace
    const [lease, secret] = ['leases.coordination.k8s.io', 'secrets']
    const configuration = 'validatingwebhookconfigurations.admissionregistration.k8s.io'
    const table: [account: string, access: Access, allowed: boolean][] = [
      ['berth-controller', { verb: 'create', resource: lease, namespace }, true],
      ['berth-controller', { verb: 'update', resource: lease, namespace, name: 'berth-controller' }, true],
      ['berth-controller', { verb: 'update', resource: lease, namespace, name: 'another' }, false],
      ['berth-controller', { verb: 'delete', resource: lease, namespace, name: 'berth-controller' }, false],
      ['berth-controller', { verb: 'update', resource: lease, namespace: 'kube-system', name: 'berth-controller' }, false],
      ['berth-controller', { verb: 'list', resource: lease, name: 'game-kruise-manager' }, true],
      ['berth-controller', { verb: 'list', resource: 'deployments.apps', name: 'kruise-game-controller-manager' }, true],
      ['berth-controller', { verb: 'list', resource: 'deployments.apps' }, false],
      ['berth-controller', { verb: 'get', resource: secret, namespace, name: 'berth-webhooks-tls' }, false],
      ['berth-controller', { verb: 'list', resource: secret }, false],
      ['berth-webhooks', { verb: 'create', resource: secret, namespace }, true],
      ['berth-webhooks', { verb: 'get', resource: secret, namespace, name: 'berth-webhooks-tls' }, true],
      ['berth-webhooks', { verb: 'update', resource: secret, namespace, name: 'berth-webhooks-tls' }, true],
      ['berth-webhooks', { verb: 'get', resource: secret, namespace, name: 'another' }, false],
      ['berth-webhooks', { verb: 'list', resource: secret, namespace }, false],
      ['berth-webhooks', { verb: 'get', resource: secret, namespace: 'kube-system', name: 'berth-webhooks-tls' }, false],
      ['berth-webhooks', { verb: 'patch', resource: configuration, name: 'berth-webhooks' }, true],
      ['berth-webhooks', { verb: 'patch', resource: configuration, name: 'another' }, false],
      ['berth-webhooks', { verb: 'delete', resource: configuration, name: 'berth-webhooks' }, false],
      ['berth-webhooks', { verb: 'list', resource: 'deployments.apps', name: 'kruise-game-controller-manager' }, true],
      ['berth-webhooks', { verb: 'list', resource: 'deployments.apps' }, false],
      ['berth-webhooks', { verb: 'list', resource: 'pods' }, false],
    ]
    for (const account of Object.keys(rights)) {
      const rows = table.filter(([of]) => of === account)
      const answers = await reviewAccess(
        cluster,
        account,
        rows.map(([, access]) => access),
      )
      expect(rows.map(([, access], at) => ({ ...access, allowed: answers[at] }))).toEqual(
        rows.map(([, access, allowed]) => ({ ...access, allowed })),
      )
    }
  })

  test('an impersonated component is refused what it tries beyond its work', async () => {
    const node = (await cluster.k('get nodes -o jsonpath={.items[0].metadata.name}')).trim()
    for (const [account, args] of [
      ['berth-controller', 'get secrets --all-namespaces'],
      ['berth-controller', `annotate node ${node} berth.dev/test=yes`],
      ['berth-controller', 'create configmap made'],
      ['berth-controller', 'exec steady-0 -- true'],
      ['berth-webhooks', 'get pods'],
      ['berth-webhooks', 'delete gameserverset steady'],
    ] as const) {
      const { code, stderr } = await asAccount(account, args)
      expect([args, code !== 0, stderr]).toEqual([args, true, expect.stringContaining('forbidden')])
    }
    expect((await asAccount('berth-controller', 'get pods -o name')).stdout).toContain('pod/steady-0')
  })

  /** What players would notice: another pod, another container, a restart. */
  const facts = async (set: string) =>
    (await podsOf(cluster, set)).map(({ metadata, status }) => ({
      uid: metadata.uid,
      containers: status.containerStatuses?.map(({ containerID, restartCount }) => ({ containerID, restartCount })),
    }))
  const leaderOf = () => inOwn('get lease berth-controller -o jsonpath={.spec.holderIdentity}')

  test('an upgrade brings new definitions and another leader, and no game server notices', async () => {
    const before = await facts('steady')
    const leader = await leaderOf()
    await using next = await nextChart()
    await installBerth(cluster.kubeconfig, [...own, '--set', 'controller.podAnnotations.try=two', '--set', 'logLevel=debug'], next.folder)
    expect(await cluster.k('get gameservers')).toMatch(/^NAME +NEXT +STATE/)
    await eventually('another pod leads', async () => ![leader, ''].includes(await leaderOf()))
    await patchSet(cluster, 'steady', { spec: { replicas: 4 } })
    await settled(cluster, 'steady', [0, 1, 2, 3], 60_000)
    expect((await facts('steady')).slice(0, 3)).toEqual(before)
    await installBerth(cluster.kubeconfig, [...own, '--reset-values'])
    expect(await cluster.k('get gameservers')).toMatch(/^NAME +STATE/)
    expect((await facts('steady')).slice(0, 3)).toEqual(before)
  })

  test('watchNamespaces confines it to Roles there; sets elsewhere wait until it is gone', async () => {
    const outside = `${cluster.namespace}-outside`.slice(0, 63)
    await cluster.k(`create namespace ${outside}`)
    const leader = await leaderOf()
    await installBerth(cluster.kubeconfig, [...own, '--set', `watchNamespaces={${cluster.namespace}}`])
    expect(await cluster.k('get role berth-controller -o name')).toContain('berth-controller')
    await eventually('another pod leads', async () => ![leader, ''].includes(await leaderOf()))
    await cluster.k(['apply', '-n', outside, '-f', '-'], JSON.stringify(tiny('unseen', 1)))
    await patchSet(cluster, 'steady', { spec: { replicas: 3 } })
    await settled(cluster, 'steady', [0, 1, 2], 60_000)
    const pod = ['get', 'pod', 'unseen-0', '-n', outside, '--ignore-not-found', '-o', 'name']
    expect(await cluster.k(pod)).toBe('')
    expect((await asAccount('berth-controller', `get pods -n ${outside}`)).stderr).toContain('forbidden')
    await installBerth(cluster.kubeconfig, [...own, '--reset-values'])
    await eventually('the set elsewhere gets its pod', async () => (await cluster.k(pod)) !== '', { timeout: 60_000 })
    expect(await cluster.k('get roles -o name')).not.toContain('berth-controller')
    await cluster.k(`delete namespace ${outside} --wait=true --timeout=60s`)
    await patchSet(cluster, 'steady', { spec: { replicas: 4 } })
    await settled(cluster, 'steady', [0, 1, 2, 3], 60_000)
  })

  test('an uninstall leaves definitions and game servers, and the next install takes them up', async () => {
    const before = await facts('steady')
    await uninstallBerth(cluster.kubeconfig)
    expect(await inOwn('get deployments,serviceaccounts,services -o name')).not.toContain('berth-')
    expect(await cluster.k('get clusterroles,validatingwebhookconfigurations -o name')).not.toContain('berth-')
    expect(await cluster.k('get crd -o name')).toContain('gameserversets.game.kruise.io')
    expect(await facts('steady')).toEqual(before)
    await installBerth(cluster.kubeconfig, own)
    await patchSet(cluster, 'steady', { spec: { replicas: 3 } })
    await settled(cluster, 'steady', [0, 1, 2], 60_000)
    expect(await facts('steady')).toEqual(before.slice(0, 3))
  })
})
