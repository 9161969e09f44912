import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { describe, expect } from 'vitest'
import { matchConditionsHold } from '../src/schema/cel/match-condition.ts'
import { chartFolder, renderChart } from '../deploy/helm.ts'
import { autopilotWebhooks } from '../src/families/agones/cloud-product/gke-autopilot.ts'
import { passthroughConfiguration, type PassthroughOptions } from '../src/families/agones/cloud-product/passthrough-webhook.ts'
import { autopilotPassthrough } from '../src/families/agones/cloud-product/settings.ts'
import { helm, helmProgram, packImage, testWithHelm as test } from './harness/install.ts'
import { must } from './harness/run.ts'

interface Manifest {
  kind: string
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> }
  webhooks?: { name: string; matchConditions?: { name: string; expression: string }[] }[]
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
    ['a platform that does not exist', 'agones.cloudProduct=autopilot', '/agones/cloudProduct'],
    ['a platform without its annotation', 'agones.enabled=true,agones.cloudProduct=platform', 'needs agones.platform.hostPortsAnnotation'],
    ['gates that are none', 'agones.featureGates=All', '/agones/featureGates'],
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

  describe('and a platform below', () => {
    const ours = 'zzz-agones-mutation-webhook'
    const withValues = (...values: string[]) => render(...['agones.enabled=true', ...values].flatMap(value => ['--set', value]))
    const webhooksOf = (rendered: readonly Manifest[]) =>
      (named(rendered, 'MutatingWebhookConfiguration', ours) as { webhooks?: object } | undefined)?.webhooks
    const configured = (more: Partial<PassthroughOptions> = {}) => {
      const service = { name: 'berth-webhooks', namespace: 'berth-system' }
      return passthroughConfiguration({ mark: autopilotPassthrough, ...more }, { service }).webhooks
    }

    test.each<[string, string[], Partial<PassthroughOptions>]>([
      ['by itself', [], {}],
      [
        'as on GKE Autopilot, in some namespaces',
        ['agones.cloudProduct=gke-autopilot', 'watchNamespaces={a,b}'],
        { namespaces: ['a', 'b'] },
      ],
      [
        'as the installation says',
        [
          'agones.cloudProduct=platform',
          'agones.platform.hostPortsAnnotation=example.com/host-ports',
          'agones.platform.passthroughLabel.key=example.com/ports',
          'agones.platform.passthroughLabel.value=passed',
        ],
        { mark: { key: 'example.com/ports', value: 'passed' } },
      ],
    ])('has the webhook of passthrough ports that berth webhooks --install has: %s', (_how, values, more) => {
      const rendered = withValues(...values)
      expect(webhooksOf(rendered)).toEqual(configured(more))
      for (const name of ['berth-controller', 'berth-webhooks']) {
        const args = named(rendered, 'Deployment', name)?.spec?.template?.spec.containers[0]?.args ?? []
        const told = args.filter(argument => /cloud-product|host-ports|passthrough/.test(argument))
        expect(told).toEqual(
          more.mark === undefined
            ? [`--agones-cloud-product=${values.includes('agones.cloudProduct=gke-autopilot') ? 'gke-autopilot' : 'auto'}`]
            : [
                '--agones-cloud-product=platform',
                '--agones-host-ports-annotation=example.com/host-ports',
                '--agones-passthrough-label=example.com/ports=passed',
              ],
        )
      }
    })

    test.each([
      ['agones.cloudProduct=generic'],
      ['agones.featureGates=AutopilotPassthroughPort=false'],
      ['agones.featureGates=PortRanges=true&AutopilotPassthroughPort=False'],
    ])('has none with %s', value => expect(webhooksOf(withValues(value))).toBeUndefined())

    test('lets both components see whether it is GKE Autopilot, where that is not said, and nothing else of other webhooks', () => {
      const read = (name: string, ...values: string[]) =>
        (named(withValues(...values), 'ClusterRole', name)?.rules ?? []).filter(({ resources }) =>
          resources?.includes('mutatingwebhookconfigurations'),
        )
      const names = [...autopilotWebhooks]
      const signs = {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations'],
        resourceNames: names,
        verbs: ['get'],
      }
      const own = { ...signs, resourceNames: ['berth-webhooks', ours], verbs: ['get', 'patch'] }
      expect(read('berth-controller')).toEqual([signs])
      expect(read('berth-webhooks')).toEqual([own, signs])
      expect(read('berth-controller', 'agones.cloudProduct=gke-autopilot')).toEqual([])
      expect(read('berth-webhooks', 'agones.cloudProduct=generic')).toEqual([own])
    })
  })

  test('has GameServers looked at when an image is directed to one, and not when games and allocations write', () => {
    const webhook = named(manifests, 'ValidatingWebhookConfiguration', 'berth-webhooks')?.webhooks?.find(
      ({ name }) => name === 'agones.directed.berth.dev',
    )
    const server = (annotations?: Record<string, string>) => ({ metadata: { name: 's', ...(annotations && { annotations }) }, spec: {} })
    const isLookedAt = (before: object, after: object, username = 'somebody'): boolean =>
      matchConditionsHold(webhook?.matchConditions ?? [], {
        object: after,
        oldObject: before,
        request: { operation: 'UPDATE', userInfo: { username } },
      })
    const directed = server({ 'image.berth.dev/game': 'g:2' })
    expect(isLookedAt(server(), directed)).toBe(true)
    expect(isLookedAt(server({ 'image.berth.dev/game': 'g:1', a: 'b' }), directed)).toBe(true)
    expect(isLookedAt(directed, directed)).toBe(false)
    expect(isLookedAt(directed, server())).toBe(false)
    expect(isLookedAt(server({ a: 'b' }), server({ a: 'c' }))).toBe(false)
    expect(isLookedAt(server(), directed, 'system:serviceaccount:berth-system:berth-controller')).toBe(false)
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

  test('lets those who allocate change the servers of both kinds, and does not ask them about it', () => {
    const rules = named(manifests, 'ClusterRole', 'berth-webhooks')?.rules ?? []
    expect(rules.filter(({ resources }) => resources?.includes('gameservers'))).toEqual([
      { apiGroups: ['agones.dev'], resources: ['gameservers'], verbs: ['list', 'watch', 'patch'] },
      { apiGroups: ['game.kruise.io'], resources: ['gameservers'], verbs: ['list', 'watch', 'patch'] },
    ])
    const configuration = named(manifests, 'ValidatingWebhookConfiguration', 'berth-webhooks')
    expect(JSON.stringify(configuration)).toContain("request.userInfo.username != 'system:serviceaccount:berth-system:berth-webhooks'")
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
