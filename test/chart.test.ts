import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { describe, expect } from 'vitest'
import { chartFolder, renderChart } from '../deploy/helm.ts'
import { helm, helmProgram, packImage, testWithHelm as test } from './harness/install.ts'
import { must } from './harness/run.ts'

interface Manifest {
  kind: string
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> }
  rules?: { resources?: string[]; verbs?: string[] }[]
  spec?: { template?: { metadata?: { labels?: Record<string, string> }; spec: PodSpec } }
}
interface PodSpec {
  securityContext: Record<string, unknown>
  containers: { args: string[]; securityContext: Record<string, unknown> }[]
}

const render = (...args: string[]): Manifest[] =>
  parseAllDocuments(renderChart(helmProgram ?? 'helm', args))
    .map(document => document.toJS() as Manifest | null)
    .filter(manifest => manifest !== null)
const named = (manifests: readonly Manifest[], kind: string, name: string) =>
  manifests.find(manifest => manifest.kind === kind && manifest.metadata.name === name)
const everyOption = [
  'webhooks.certManager.enabled=true',
  'metrics.podMonitor.enabled=true',
  'metrics.serviceMonitor.enabled=true',
  'networkPolicy.enabled=true',
  'priorityClass.create=true',
  'providerConfig=[kubernetes]',
  'takeOver=true',
  'watchNamespaces={games,lobby}',
  'agones.enabled=true',
].flatMap(value => ['--set', value])

describe('the chart', () => {
  test('passes helm lint, with its defaults and with every option', async () => {
    for (const values of [[], everyOption]) must(await helm(['lint', '--strict', chartFolder, ...values]), 'helm lint')
  })

  test.each([
    ['a value that does not exist', 'replicas=3', "additional properties 'replicas' not allowed"],
    ['a word for a number', 'controller.replicas=two', '/controller/replicas'],
    ['a lease of a second', 'controller.leaseDuration=1s', '/controller/leaseDuration'],
    ['a log level that does not exist', 'logLevel=loud', '/logLevel'],
    ['a digest that is none', 'image.digest=abc', '/image/digest'],
    ['a namespace with capitals', 'watchNamespaces={Games}', '/watchNamespaces/0'],
    ['a port that does not exist', 'agones.portRange.max=70000', '/agones/portRange/max'],
    ['Agones without its extensions', 'agones.enabled=true,webhooks.enabled=false', 'agones.enabled needs webhooks.enabled'],
    ['no account where none is made', 'controller.serviceAccount.create=false', 'controller.serviceAccount.name is needed'],
  ])('refuses %s', (_what, value, complaint) => {
    expect(() => render('--set', value)).toThrow(complaint)
  })

  test('renders the same bytes twice, never a Secret, and never the authority of a webhook', () => {
    for (const values of [[], everyOption]) {
      const once = renderChart(helmProgram ?? 'helm', values)
      expect(renderChart(helmProgram ?? 'helm', values)).toBe(once)
      expect(once).not.toContain('caBundle')
      expect(render(...values).map(({ kind }) => kind)).not.toContain('Secret')
    }
  })

  test('keeps the definitions unless told otherwise, and leaves them to others on request', () => {
    const definitions = (...args: string[]) => render(...args).filter(({ kind }) => kind === 'CustomResourceDefinition')
    expect(definitions().map(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'])).toEqual(['keep', 'keep'])
    expect(definitions('--set', 'crds.keep=false').map(({ metadata }) => metadata.annotations)).toEqual([undefined, undefined])
    expect(definitions('--set', 'crds.install=false')).toEqual([])
  })

  test('asks for pods that the restricted standard admits', () => {
    for (const name of ['berth-controller', 'berth-webhooks']) {
      const pod = named(render(...everyOption), 'Deployment', name)?.spec?.template?.spec
      expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      expect(pod?.containers.map(({ securityContext }) => securityContext)).toEqual([
        { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      ])
    }
  })

  test('with watched namespaces gives rights there, and cluster-wide ones to look at nodes and the other manager alone', () => {
    const manifests = render('--set', 'watchNamespaces={games,lobby}')
    const roles = manifests.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === 'berth-controller')
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(['games', 'lobby'])
    const cluster = named(manifests, 'ClusterRole', 'berth-controller')?.rules ?? []
    expect(cluster.map(({ resources, verbs }) => [resources?.join(), verbs?.join()])).toEqual([
      ['nodes', 'get,list,watch'],
      ['deployments', 'get,list,watch'],
      ['leases', 'get,list,watch'],
    ])
    const everywhere = named(render(), 'ClusterRole', 'berth-controller')?.rules ?? []
    expect(everywhere.slice(cluster.length)).toEqual(roles[0]?.rules)
    expect(named(manifests, 'Deployment', 'berth-controller')?.spec?.template?.spec.containers[0]?.args).toContain(
      '--namespaces=games,lobby',
    )
  })
})

describe('the chart with Agones', () => {
  const manifests = render('--set', 'agones.enabled=true')
  const argumentsOf = (name: string) => named(manifests, 'Deployment', name)?.spec?.template?.spec.containers[0]?.args

  test('is as without, unless it is asked for', () => {
    expect(JSON.stringify(render())).not.toContain('agones')
  })

  test('brings its kinds, its API and what its components are told', () => {
    const names = manifests.filter(({ kind }) => kind === 'CustomResourceDefinition').map(({ metadata }) => metadata.name)
    expect(names.filter(name => name.endsWith('.agones.dev')).toSorted()).toEqual([
      'fleets.agones.dev',
      'gameservers.agones.dev',
      'gameserversets.agones.dev',
    ])
    expect(named(manifests, 'APIService', 'v1.allocation.agones.dev')?.spec).toMatchObject({
      service: { name: 'berth-webhooks', namespace: 'berth-system', port: 443 },
    })
    expect(argumentsOf('berth-controller')).toEqual(
      expect.arrayContaining(['--agones', expect.stringMatching(/^--agones-sidecar-image=.+:.+$/), '--agones-port-range=7000-8000']),
    )
    expect(argumentsOf('berth-webhooks')).toContain('--agones')
    const roleOf = (name: string) => named(manifests, 'Deployment', name)?.spec?.template?.metadata?.labels?.['agones.dev/role']
    expect([roleOf('berth-controller'), roleOf('berth-webhooks')]).toEqual(['controller', 'extensions'])
  })

  test('lets sidecars look at servers and change them, and the controller hand out this role alone', () => {
    expect(named(manifests, 'ClusterRole', 'agones-sdk')?.rules).toEqual([
      { apiGroups: ['agones.dev'], resources: ['gameservers'], verbs: ['list', 'watch', 'patch'] },
      { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    ])
    const rules = named(manifests, 'ClusterRole', 'berth-controller')?.rules ?? []
    expect(rules.filter(({ resources }) => resources?.includes('clusterroles'))).toEqual([
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], resourceNames: ['agones-sdk'], verbs: ['bind'] },
    ])
    expect(rules.filter(({ verbs }) => verbs?.some(verb => verb === '*' || verb === 'escalate') === true)).toEqual([])
  })
})

describe('the image', () => {
  test('is the same bytes every time, and below 70 MB', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-image-'))
    try {
      const files = ['one.tar', 'two.tar'].map(name => join(folder, name))
      for (const file of files) await packImage(file)
      const [one, two] = await Promise.all(files.map(file => readFile(file)))
      expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true)
      expect(one?.length).toBeLessThan(70_000_000)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
