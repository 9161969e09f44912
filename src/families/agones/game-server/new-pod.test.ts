import { describe, expect, it } from 'vitest'
import type { GameServer, GameServerSpec } from '../../../apis/agones.dev/game-server.ts'
import type { Container, PodSpec } from '../../../apis/core/types.generated.ts'
import { generic } from '../cloud-product/generic.ts'
import { defaultGates } from '../feature-gates.ts'
import { newPod, type Sidecar, sidecarName } from './new-pod.ts'

const sidecar: Sidecar = { image: 'sdk:1', requests: { cpu: '30m' }, featureGates: 'A=true', requestRateLimit: '500ms' }

interface Sample {
  readonly spec?: Partial<GameServerSpec>
  readonly pod?: Partial<PodSpec>
  readonly game?: Partial<Container>
  readonly metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  readonly name?: string
  readonly status?: GameServer['status']
}

function podOf({ spec, pod, game, metadata, name = 'simple', status }: Sample = {}) {
  const server: GameServer = {
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata: {
      name,
      namespace: 'games',
      uid: 'u1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { 'agones.dev/fleet': 'f', 'agones.dev/gameserverset': 'f-1', mine: 'stays' },
      annotations: { 'agones.dev/sdk-version': '1.56.0' },
    },
    spec: {
      template: {
        ...(metadata && { metadata: metadata as NonNullable<GameServerSpec['template']['metadata']> }),
        spec: { containers: [{ name: 'game', image: 'game:1', ...game }], ...pod },
      },
      ...spec,
    },
    ...(status && { status }),
  }
  const made = newPod(server, { sidecar, cloudProduct: generic, gates: defaultGates })
  const [first, ...inits] = made.spec?.initContainers ?? []
  return { ...made, sidecar: first, inits, game: made.spec?.containers.find(container => container.name === 'game') }
}

describe('the pod of a GameServer', () => {
  it('is named, labelled and owned', () => {
    const { metadata, spec } = podOf({ metadata: { labels: { own: 'yes', 'agones.dev/role': 'mine' }, annotations: { note: '1' } } })
    expect(metadata).toEqual({
      name: 'simple',
      namespace: 'games',
      labels: {
        own: 'yes',
        'agones.dev/role': 'gameserver',
        'agones.dev/gameserver': 'simple',
        'agones.dev/safe-to-evict': 'false',
        // What the published selectors of sets and Fleets ask for.
        'agones.dev/fleet': 'f',
        'agones.dev/gameserverset': 'f-1',
      },
      annotations: {
        note: '1',
        'agones.dev/container': 'game',
        'agones.dev/sdk-version': '1.56.0',
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      },
      ownerReferences: [
        { apiVersion: 'agones.dev/v1', kind: 'GameServer', name: 'simple', uid: 'u1', controller: true, blockOwnerDeletion: true },
      ],
    })
    expect(spec).toMatchObject({ hostname: 'simple', restartPolicy: 'Never' })
  })

  it.each<[string, Sample, string]>([
    ['dots are no part of host names', { name: 'a.b' }, 'a-b'],
    ['one of the template stays', { pod: { hostname: 'own' } }, 'own'],
  ])('host name: %s', (_, sample, expected) => expect(podOf(sample).spec?.hostname).toBe(expected))

  it('has the sidecar in front of other init containers', () => {
    const { sidecar: first, inits } = podOf({ pod: { initContainers: [{ name: 'prepare', image: 'i' }] } })
    expect(first).toEqual({
      name: sidecarName,
      image: 'sdk:1',
      args: ['--grpc-port=9357', '--http-port=9358'],
      restartPolicy: 'Always',
      env: [
        { name: 'GAMESERVER_NAME', value: 'simple' },
        { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
        { name: 'FEATURE_GATES', value: 'A=true' },
        { name: 'LOG_LEVEL', value: 'Info' },
        { name: 'REQUESTS_RATE_LIMIT', value: '500ms' },
      ],
      resources: { requests: { cpu: '30m' } },
      livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 3, periodSeconds: 3 },
      securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 1000 },
    })
    expect(inits.map(({ name, env }) => [name, env?.map(variable => variable.name)])).toEqual([
      ['prepare', ['AGONES_SDK_GRPC_PORT', 'AGONES_SDK_HTTP_PORT']],
    ])
  })

  it.each<[string, Sample, object | undefined]>([
    [
      'asks the sidecar',
      { spec: { health: { periodSeconds: 2, failureThreshold: 4, initialDelaySeconds: 9 } } },
      { httpGet: { path: '/gshealthz', port: 8080 }, initialDelaySeconds: 9, periodSeconds: 2, failureThreshold: 4 },
    ],
    ['with defaults', {}, { httpGet: { path: '/gshealthz', port: 8080 }, initialDelaySeconds: 5, periodSeconds: 5, failureThreshold: 3 }],
    ['is none where health is off', { spec: { health: { disabled: true } } }, undefined],
    ['is the own one where there is one', { game: { livenessProbe: { tcpSocket: { port: 1 } } } }, { tcpSocket: { port: 1 } }],
  ])('liveness probe: %s', (_, sample, expected) => expect(podOf(sample).game?.livenessProbe).toEqual(expected))

  it('hides the token of its account from the game alone', () => {
    const { spec, game } = podOf({
      spec: { container: 'game' },
      pod: {
        containers: [
          { name: 'game', image: 'g' },
          { name: 'log', image: 'l' },
        ],
      },
    })
    expect(spec).toMatchObject({ serviceAccountName: 'agones-sdk', volumes: [{ name: 'empty', emptyDir: {} }] })
    expect(game?.volumeMounts).toEqual([{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', name: 'empty', readOnly: true }])
    expect(spec?.containers[1]?.volumeMounts).toBeUndefined()
  })

  it('leaves an account of the template and its token alone', () => {
    const { spec, game } = podOf({ pod: { serviceAccountName: 'own' } })
    expect([spec?.serviceAccountName, spec?.volumes, game?.volumeMounts]).toEqual(['own', undefined, undefined])
  })

  it('tells every container the ports of the SDK, whatever the template said', () => {
    const { game, sidecar: first } = podOf({
      spec: { sdkServer: { grpcPort: 1, httpPort: 2 } },
      game: {
        env: [
          { name: 'AGONES_SDK_GRPC_PORT', value: '99' },
          { name: 'MAP', value: 'm' },
        ],
      },
    })
    expect(game?.env).toEqual([
      { name: 'MAP', value: 'm' },
      { name: 'AGONES_SDK_GRPC_PORT', value: '1' },
      { name: 'AGONES_SDK_HTTP_PORT', value: '2' },
    ])
    expect(first?.args).toEqual(['--grpc-port=1', '--http-port=2'])
  })

  it.each<[string, NonNullable<GameServerSpec['ports']>, object[] | undefined]>([
    ['Dynamic', [{ containerPort: 7654, hostPort: 7001 }], [{ containerPort: 7654, hostPort: 7001, protocol: 'UDP' }]],
    [
      'Static',
      [{ portPolicy: 'Static', containerPort: 1, hostPort: 2, protocol: 'TCP' }],
      [{ containerPort: 1, hostPort: 2, protocol: 'TCP' }],
    ],
    ['Passthrough', [{ portPolicy: 'Passthrough', hostPort: 7002 }], [{ containerPort: 7002, hostPort: 7002, protocol: 'UDP' }]],
    ['None', [{ portPolicy: 'None', containerPort: 5 }], [{ containerPort: 5, protocol: 'UDP' }]],
    ['None without a number', [{ portPolicy: 'None' }], undefined],
    [
      'both protocols',
      [{ containerPort: 1, hostPort: 7001, protocol: 'TCPUDP' }],
      [
        { containerPort: 1, hostPort: 7001, protocol: 'TCP' },
        { containerPort: 1, hostPort: 7001, protocol: 'UDP' },
      ],
    ],
  ])('ports: %s', (_, ports, expected) => expect(podOf({ spec: { ports } }).game?.ports).toEqual(expected))

  it('gives ports to the container they name, also one that starts before the game', () => {
    const { inits, game, metadata } = podOf({
      spec: {
        ports: [
          { container: 'voice', portPolicy: 'Passthrough', hostPort: 7001 },
          { containerPort: 1, hostPort: 7002 },
          { portPolicy: 'Passthrough', hostPort: 7003 },
        ],
      },
      pod: { initContainers: [{ name: 'voice', image: 'v', restartPolicy: 'Always' }] },
    })
    expect(inits[0]?.ports).toEqual([{ containerPort: 7001, hostPort: 7001, protocol: 'UDP' }])
    expect(game?.ports?.map(({ hostPort }) => hostPort)).toEqual([7002, 7003])
    expect(JSON.parse(metadata.annotations?.['agones.dev/container-passthrough-port-assignment'] ?? '')).toEqual({ voice: [0], game: [1] })
  })

  it('counts them behind the ports that the template has, and those that are not opened not at all', () => {
    const { metadata } = podOf({
      game: { ports: [{ containerPort: 9000 }, { containerPort: 9001 }] },
      spec: {
        ports: [
          { name: 'a', portPolicy: 'None' },
          { name: 'b', containerPort: 1, hostPort: 7001 },
          { name: 'c', portPolicy: 'Passthrough', hostPort: 7002 },
        ],
      },
    })
    expect(metadata.annotations?.['agones.dev/container-passthrough-port-assignment']).toBe('{"game":[3]}')
  })

  it('likes nodes with other servers when they shall be packed, beside what the template likes', () => {
    const own = { weight: 1, podAffinityTerm: { topologyKey: 'zone' } }
    const { spec } = podOf({ pod: { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [own] } } } })
    expect(spec?.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution).toEqual([
      own,
      {
        weight: 100,
        podAffinityTerm: { labelSelector: { matchLabels: { 'agones.dev/role': 'gameserver' } }, topologyKey: 'kubernetes.io/hostname' },
      },
    ])
    expect(podOf({ spec: { scheduling: 'Distributed' } }).spec?.affinity).toBeUndefined()
  })

  it.each<[string, Sample, [string, string]]>([
    ['Never', {}, ['false', 'false']],
    ['OnUpgrade', { spec: { eviction: { safe: 'OnUpgrade' } } }, ['false', 'true']],
    ['Always', { spec: { eviction: { safe: 'Always' } } }, ['true', 'true']],
    ['as the status says', { status: { eviction: { safe: 'Always' } } }, ['true', 'true']],
    [
      'as users have written',
      {
        metadata: {
          annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true' },
          labels: { 'agones.dev/safe-to-evict': 'x' },
        },
      },
      ['true', 'x'],
    ],
  ])('eviction: %s', (_, sample, expected) => {
    const { annotations, labels } = podOf(sample).metadata
    expect([annotations?.['cluster-autoscaler.kubernetes.io/safe-to-evict'], labels?.['agones.dev/safe-to-evict']]).toEqual(expected)
  })
})
