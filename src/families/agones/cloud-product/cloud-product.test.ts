import { describe, expect, it } from 'vitest'
import type { GameServer, GameServerPort, GameServerSpec } from '../../../apis/agones.dev/game-server.ts'
import type { PodSpec } from '../../../apis/core/types.generated.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { noopLogger } from '../../../kube/logger.ts'
import { RestClient } from '../../../kube/rest-client.ts'
import { fieldErrorText } from '../../../schema/status.ts'
import { featureGates } from '../feature-gates.ts'
import { completeSpec } from '../game-server/complete.ts'
import { newPod } from '../game-server/new-pod.ts'
import { chooseCloudProduct } from './choose.ts'
import type { CloudProduct } from './cloud-product.ts'
import type { CloudProductSettings } from './settings.ts'

/** A cluster that has these MutatingWebhookConfigurations; `forbidden`: that does not let them be read. */
function cluster(configurations: readonly string[] | 'forbidden') {
  const asked: string[] = []
  const client = new RestClient({
    transport: {
      request({ path }) {
        const name = path.split('/').at(-1) ?? ''
        asked.push(name)
        const status = configurations === 'forbidden' ? 403 : configurations.includes(name) ? 200 : 404
        const none = async function* () {}
        return Promise.resolve({ status, headers: {}, json: () => Promise.resolve({ metadata: { name } }), lines: none, bytes: none })
      },
      open: () => Promise.reject(new Error('not here')),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
  })
  return { client, asked }
}

const choose = (
  settings: CloudProductSettings,
  { gates = '', configurations = [] as readonly string[] | 'forbidden', min = 7000 } = {},
): Promise<CloudProduct> =>
  chooseCloudProduct(
    settings,
    { gates: featureGates(gates), range: { min, max: 8000 } },
    { client: cluster(configurations).client, logger: noopLogger },
    new AbortController().signal,
  )

const autopilot: CloudProductSettings = { name: 'gke-autopilot' }
const platform: CloudProductSettings = {
  name: 'platform',
  hostPortsAnnotation: 'example.com/host-ports',
  passthroughLabel: { key: 'example.com/ports', value: 'passthrough' },
}

const spec = (more: Partial<GameServerSpec> = {}): GameServerSpec => ({
  template: { spec: { containers: [{ name: 'game', image: 'i' }] } } as unknown as GameServerSpec['template'],
  ...more,
})
const dynamic: GameServerPort = { name: 'game', containerPort: 7654 }
const passthrough: GameServerPort = { name: 'voice', portPolicy: 'Passthrough' }
const none: GameServerPort = { name: 'inner', portPolicy: 'None', containerPort: 80 }
const fixed: GameServerPort = { name: 'fixed', portPolicy: 'Static', containerPort: 1, hostPort: 2 }

describe('which product it is', () => {
  const isAutopilot = (product: CloudProduct) => product.validateScheduling('Distributed', 'x').length > 0
  it.each<[string, readonly string[] | 'forbidden', boolean]>([
    ['nothing special', ['some-other'], false],
    ['the webhooks of Autopilot', ['sasecret-redacter.config.common-webhooks.networking.gke.io'], true],
    ['those of an old one', ['workload-defaulter.config.common-webhooks.networking.gke.io'], true],
    ['what may not be read', 'forbidden', false],
  ])('auto, on a cluster with %s', async (_, configurations, expected) =>
    expect(isAutopilot(await choose({ name: 'auto' }, { configurations }))).toBe(expected),
  )

  it('is not looked for where it is said', async () => {
    const { client, asked } = cluster(['sasecret-redacter.config.common-webhooks.networking.gke.io'])
    const around = { gates: featureGates(''), range: { min: 7000, max: 8000 } }
    for (const name of ['generic', 'gke-autopilot'] as const)
      await chooseCloudProduct({ name }, around, { client, logger: noopLogger }, new AbortController().signal)
    expect(asked).toEqual([])
  })

  it('tells placeholders from ports by their numbers, so the range must leave room for them', async () => {
    await expect(choose(platform, { min: 80 })).rejects.toThrow(/begins at 1024 or above, not at 80/)
    await expect(choose({ name: 'generic' }, { min: 80 })).resolves.toBeDefined()
  })
})

describe('what a platform refuses', () => {
  const ofAutopilot = 'on GKE Autopilot'
  const ofPlatform = 'where the platform assigns host ports'
  const all = spec({ ports: [dynamic, passthrough, none] })
  const wrong = spec({
    scheduling: 'Distributed',
    eviction: { safe: 'OnUpgrade' },
    ports: [fixed, { ...dynamic, range: 'few' }, { ...none, range: 'few' }],
  })
  it.each<[string, CloudProductSettings, string, GameServerSpec, string[]]>([
    ['generic', { name: 'generic' }, '', wrong, []],
    ['autopilot', autopilot, '', all, []],
    [
      'autopilot',
      autopilot,
      '',
      wrong,
      [
        `s.scheduling: Invalid value: "Distributed": scheduling strategy must be Packed ${ofAutopilot}`,
        `s.ports[0].portPolicy: Invalid value: "Static": portPolicy must be Dynamic or None ${ofAutopilot}`,
        `s.ports[1].range: Invalid value: "few": range must not be used ${ofAutopilot}`,
      ],
    ],
    [
      'autopilot',
      autopilot,
      'AutopilotPassthroughPort=false',
      all,
      [`s.ports[1].portPolicy: Invalid value: "Passthrough": portPolicy must be Dynamic or None ${ofAutopilot}`],
    ],
    [
      'autopilot',
      autopilot,
      'GKEAutopilotExtendedDurationPods=false',
      spec({ eviction: { safe: 'OnUpgrade' } }),
      [`s.eviction.safe: Invalid value: "OnUpgrade": eviction.safe OnUpgrade not supported ${ofAutopilot}`],
    ],
    ['autopilot', autopilot, 'GKEAutopilotExtendedDurationPods=false', spec({ eviction: { safe: 'Always' } }), []],
    ['platform', platform, '', all, []],
    [
      'platform',
      platform,
      '',
      wrong,
      [
        `s.ports[0].portPolicy: Invalid value: "Static": portPolicy must be Dynamic, Passthrough or None ${ofPlatform}`,
        `s.ports[1].range: Invalid value: "few": range must not be used ${ofPlatform}`,
      ],
    ],
    [
      'platform',
      platform,
      'AutopilotPassthroughPort=false',
      all,
      [`s.ports[1].portPolicy: Invalid value: "Passthrough": portPolicy must be Dynamic or None ${ofPlatform}`],
    ],
  ])('%s, case %#', async (_, settings, gates, given, expected) => {
    const product = await choose(settings, { gates })
    expect(product.validate(completeSpec(given), 's').map(fieldErrorText)).toEqual(expected)
  })
})

describe('placeholders', () => {
  it.each<[CloudProductSettings, GameServerPort[], number[] | undefined]>([
    [{ name: 'generic' }, [dynamic], undefined],
    [autopilot, [dynamic, passthrough], [1, 2]],
    [autopilot, [none, { ...dynamic, protocol: 'TCPUDP' }, fixed, passthrough], [2, 4]],
    [platform, [{ ...dynamic, hostPort: 7001 }, passthrough], [2]],
  ])('%j: case %#', async (settings, ports, expected) => expect((await choose(settings)).placeholders(ports)).toEqual(expected))
})

describe('the pod', () => {
  const podOf = async (
    settings: CloudProductSettings,
    given: Partial<GameServerSpec>,
    more: { gates?: string; pod?: Partial<PodSpec>; notes?: Record<string, string> } = {},
  ) => {
    const template = { metadata: { annotations: more.notes ?? {} }, spec: { containers: [{ name: 'game', image: 'i' }], ...more.pod } }
    const metadata = { name: 'room', namespace: 'games', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
    const server: GameServer = {
      apiVersion: 'agones.dev/v1',
      kind: 'GameServer',
      metadata,
      spec: { ...spec(given), template } as unknown as GameServerSpec,
    }
    const gates = featureGates(more.gates ?? '')
    const sidecar = { image: 's', featureGates: '', requestRateLimit: '500ms' }
    return newPod(server, { sidecar, gates, cloudProduct: await choose(settings, { gates: more.gates ?? '' }) })
  }
  const [one, two] = [
    { ...dynamic, hostPort: 1 },
    { ...passthrough, hostPort: 2, containerPort: 2 },
  ]

  it('asks Autopilot for ports in the range', async () => {
    const { metadata, spec: made } = await podOf(autopilot, { ports: [one] })
    expect(metadata.annotations).toMatchObject({
      'autopilot.gke.io/host-port-assignment': '{"min":7000,"max":8000}',
      'autopilot.gke.io/primary-container': 'game',
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    })
    expect(metadata.labels).not.toHaveProperty(['agones.dev/port'])
    expect(made?.securityContext).toEqual({ seccompProfile: { type: 'Unconfined' } })
    expect(made?.containers[0]?.ports).toEqual([{ containerPort: 7654, hostPort: 1, protocol: 'UDP' }])
  })

  it('is marked for the webhook only with passthrough ports', async () => {
    const { metadata, spec: made } = await podOf(autopilot, { ports: [one, two] })
    expect(metadata.labels).toMatchObject({ 'agones.dev/port': 'autopilot-passthrough', 'agones.dev/role': 'gameserver' })
    expect(metadata.annotations).toMatchObject({ 'agones.dev/container-passthrough-port-assignment': '{"game":[1]}' })
    expect(made?.containers[0]?.ports?.[1]).toEqual({ containerPort: 2, hostPort: 2, protocol: 'UDP' })
  })

  it('is marked as the installation says on a platform of another name', async () => {
    const { metadata, spec: made } = await podOf(platform, { ports: [one, two] })
    expect(metadata.labels).toMatchObject({ 'example.com/ports': 'passthrough' })
    expect(metadata.annotations).toMatchObject({ 'example.com/host-ports': '{"min":7000,"max":8000}' })
    expect(JSON.stringify({ metadata, made })).not.toMatch(/gke|seccomp/)
  })

  it('asks for nothing where no port is to be chosen', async () => {
    const { metadata } = await podOf(autopilot, { ports: [none] })
    expect(metadata.annotations).not.toHaveProperty(['autopilot.gke.io/host-port-assignment'])
  })

  it('says nothing of passthrough ports where their gate is off', async () => {
    const { metadata } = await podOf({ name: 'generic' }, { ports: [two] }, { gates: 'AutopilotPassthroughPort=false' })
    expect(metadata.annotations).not.toHaveProperty(['agones.dev/container-passthrough-port-assignment'])
  })

  it('keeps what users say of its container and of seccomp', async () => {
    const securityContext = { runAsUser: 7, seccompProfile: { type: 'RuntimeDefault' as const } }
    const { metadata, spec: made } = await podOf(
      autopilot,
      {},
      { pod: { securityContext }, notes: { 'autopilot.gke.io/primary-container': 'other' } },
    )
    expect(made?.securityContext).toEqual(securityContext)
    expect(metadata.annotations).toMatchObject({ 'autopilot.gke.io/primary-container': 'other' })
  })

  it.each<['Never' | 'Always', Record<string, string>, string, string | undefined]>([
    ['Never', {}, 'false', undefined],
    ['Always', {}, 'true', 'true'],
    ['Never', { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' }, 'false', undefined],
    ['Never', { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true' }, 'false', 'true'],
  ])('without extended duration, safe to evict %s: case %#', async (safe, notes, label, annotation) => {
    const gates = 'GKEAutopilotExtendedDurationPods=false'
    const { metadata } = await podOf(autopilot, { eviction: { safe } }, { gates, notes })
    expect(metadata.labels?.['agones.dev/safe-to-evict']).toBe(label)
    expect(metadata.annotations?.['cluster-autoscaler.kubernetes.io/safe-to-evict']).toBe(annotation)
  })
})

describe('what the platform has assigned', () => {
  const podWith = (note: string | undefined, ...ports: [protocol: string, hostPort: number, containerPort?: number][]): Pod =>
    ({
      metadata: { annotations: note === undefined ? {} : { 'autopilot.gke.io/host-port-assignment': note } },
      spec: {
        containers: [
          { name: 'game', ports: ports.map(([protocol, hostPort, containerPort = hostPort]) => ({ protocol, hostPort, containerPort })) },
        ],
      },
    }) as unknown as Pod
  const note = '{"min":7000,"max":8000,"portsAssigned":{"1":7123,"2":7456}}'
  const [one, two] = [
    { ...dynamic, hostPort: 1 },
    { ...passthrough, hostPort: 2, containerPort: 2 },
  ]
  const [seven, four] = [
    { ...dynamic, hostPort: 7123 },
    { ...passthrough, hostPort: 7456, containerPort: 7456 },
  ]
  const both: [string, number][] = [
    ['UDP', 7123],
    ['UDP', 7456],
  ]

  it.each<[string, GameServerPort[], Pod, GameServerPort[]]>([
    ['both kinds', [one, two, none], podWith(note, ...both), [seven, four, none]],
    ['what has been said before', [seven, four, none], podWith(note, ...both), [seven, four, none]],
    ['one of them has been said before', [seven, two], podWith(note, ...both), [seven, four]],
    [
      'both protocols of one',
      [
        { ...one, name: 'a-tcp', protocol: 'TCP' },
        { ...one, name: 'a-udp', protocol: 'UDP' },
      ],
      podWith(note, ['TCP', 7123], ['UDP', 7123]),
      [
        { ...seven, name: 'a-tcp', protocol: 'TCP' },
        { ...seven, name: 'a-udp', protocol: 'UDP' },
      ],
    ],
    ['no ports', [], podWith(undefined), []],
  ])('%s', async (_, ports, pod, expected) => expect((await choose(autopilot)).assigned(ports, pod)).toEqual({ ports: expected }))

  it.each<[string, Pod]>([
    ['nothing was asked', podWith(undefined, ['UDP', 1])],
    ['nothing was answered', podWith('{"min":7000,"max":8000}', ['UDP', 1])],
    ['nobody can read the answer', podWith('{"portsAssigned":', ['UDP', 7123])],
    ['the answer is about another port', podWith('{"portsAssigned":{"2":7123}}', ['UDP', 7123])],
    ['the pod does not have what it says', podWith(note, ['UDP', 1])],
    ['the pod has it for the other protocol', podWith(note, ['TCP', 7123])],
  ])('is missing where %s, and the annotation is shown', async (_, pod) => {
    const said = pod.metadata.annotations?.['autopilot.gke.io/host-port-assignment'] ?? 'absent'
    expect((await choose(autopilot)).assigned([one], pod)).toEqual({
      missing: `The platform has assigned no host port to port "game": annotation autopilot.gke.io/host-port-assignment of the pod is ${said}`,
    })
  })

  it('is not enough for a passthrough port that the pod opens elsewhere', async () => {
    const pod = podWith(note, ['UDP', 7123, 7654], ['UDP', 7456, 2])
    expect((await choose(autopilot)).assigned([one, two], pod)).toEqual({
      missing: 'Port "voice" is 7456 on the node and 2 in the pod: zzz-agones-mutation-webhook has not seen the pod',
    })
  })
})
