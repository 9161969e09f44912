import { describe, expect, it } from 'vitest'
import type { GameServer, GameServerSpec } from '../../../apis/agones.dev/game-server.ts'
import { generic } from '../cloud-product/generic.ts'
import { validateGameServer as validate } from './validate.ts'

const validateGameServer = (given: GameServer) => validate(given, generic)

const container = (name: string, more: object = {}) => ({ name, image: 'i', ...more })
const template = (...containers: object[]) => ({ spec: { containers } }) as unknown as GameServerSpec['template']

const server = (spec: Partial<GameServerSpec>, metadata: object = {}): GameServer => ({
  apiVersion: 'agones.dev/v1',
  kind: 'GameServer',
  metadata: { name: 'g', uid: 'u', resourceVersion: '1', creationTimestamp: '', ...metadata },
  spec: { template: template(container('game')), ...spec },
})

/** Of the pod. */
const noted = { annotations: { 'berth.dev/network': 'type: Kubernetes-NodePort' } } as unknown as NonNullable<
  GameServerSpec['template']['metadata']
>

describe('validateGameServer', () => {
  it('has nothing against what users write', () => {
    const ports = [
      { name: 'a', containerPort: 1 },
      { name: 'b', portPolicy: 'Static' as const, containerPort: 1, hostPort: 2 },
      { name: 'c', portPolicy: 'Passthrough' as const },
      { name: 'd', portPolicy: 'None' as const },
    ]
    expect(validateGameServer(server({ ports, counters: { rooms: { count: 1 } }, lists: { players: { values: ['a'] } } }))).toEqual([])
  })

  it.each<[string, GameServer, string, string]>([
    ['a long name', server({}, { name: 'x'.repeat(64) }), 'metadata.name', 'may not be more than 63 bytes'],
    [
      'no container named',
      server({ template: template(container('a'), container('b')) }),
      'spec.container',
      'Container is required when using multiple containers in the pod template',
    ],
    [
      'a container that is not there',
      server({ container: 'c', template: template(container('a'), container('b')) }),
      'spec.container',
      'Could not find a container named c',
    ],
    [
      'a host port that is to be chosen',
      server({ ports: [{ containerPort: 1, hostPort: 2 }] }),
      'spec.ports[0].hostPort',
      'HostPort cannot be specified with a Dynamic or Passthrough PortPolicy',
    ],
    [
      'no container port',
      server({ ports: [{ name: 'a' }] }),
      'spec.ports[0].containerPort',
      'ContainerPort must be defined for Dynamic and Static PortPolicies',
    ],
    [
      'a container port that follows the host port',
      server({ ports: [{ portPolicy: 'Passthrough', containerPort: 1 }] }),
      'spec.ports[0].containerPort',
      'ContainerPort cannot be specified with Passthrough PortPolicy',
    ],
    [
      'a port of a container that is not there',
      server({ ports: [{ containerPort: 1, container: 'x' }] }),
      'spec.ports[0].container',
      'Container must be empty or the name of a container in the pod template',
    ],
    [
      'a development server with a name for an address',
      server({}, { annotations: { 'agones.dev/dev-address': 'home' } }),
      'metadata.annotations[agones.dev/dev-address]',
      'must be a valid IP address',
    ],
    [
      'a development server with a port to choose',
      server({ ports: [{ containerPort: 1, hostPort: 2 }] }, { annotations: { 'agones.dev/dev-address': '192.0.2.1' } }),
      'spec.ports[0].portPolicy',
      'PortPolicy must be Static',
    ],
    [
      'a development server with a network',
      server(
        {},
        {
          annotations: {
            'agones.dev/dev-address': '192.0.2.1',
            'berth.dev/network': '{type: Kubernetes-NodePort, conf: {PortProtocols: 80}}',
          },
        },
      ),
      'metadata.annotations[berth.dev/network]',
      'a development server has its address already',
    ],
    [
      'a network that there is not',
      server({}, { annotations: { 'berth.dev/network': 'type: Kubernetes-Nodeport\nconf: { PortProtocols: 80 }' } }),
      'metadata.annotations[berth.dev/network].type',
      'there is no network type "Kubernetes-Nodeport"; did you mean "Kubernetes-NodePort"?',
    ],
    [
      'a network that only the pod would have',
      server({
        template: { ...template(container('game')), metadata: noted },
      }),
      'spec.template.metadata.annotations[berth.dev/network]',
      'belongs in metadata.annotations',
    ],
    [
      'types of addresses that there are not',
      server({}, { annotations: { 'berth.dev/published-addresses': 'PodIP, Public' } }),
      'metadata.annotations[berth.dev/published-addresses]',
      expect.stringContaining('must be types of addresses'),
    ],
    [
      'a first address that is not published',
      server({}, { annotations: { 'berth.dev/published-addresses': 'PodIP/v6', 'berth.dev/primary-address': 'PodIP/v4, ExternalIP' } }),
      'metadata.annotations[berth.dev/primary-address]',
      'must name something of what berth.dev/published-addresses publishes: PodIP/v6',
    ],
    [
      'more than the limit',
      server({ template: template(container('game', { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } })) }),
      'spec.template.spec.containers[0].resources.requests',
      'must be less than or equal to cpu limit',
    ],
    [
      'less than nothing',
      server({ template: template(container('game', { resources: { limits: { memory: '-1' } } })) }),
      'spec.template.spec.containers[0].resources.limits[memory]',
      'must be greater than or equal to 0',
    ],
    [
      'a full counter',
      server({ counters: { rooms: { count: 3, capacity: 2 } } }),
      'spec.counters[rooms].count',
      'must be less than or equal to the capacity 2',
    ],
  ])('refuses %s', (_, object, field, detail) => {
    expect(validateGameServer(object)).toEqual([expect.objectContaining({ field, detail })])
  })

  it('lets some of the first addresses be published', () => {
    const annotations = {
      'berth.dev/published-addresses': 'PodIP/v6, SecondaryIP',
      'berth.dev/primary-address': 'SecondaryIP:players, Hostname',
    }
    expect(validateGameServer(server({}, { annotations }))).toEqual([])
  })

  it('lets a restartable init container listen', () => {
    const spec = {
      containers: [container('game')],
      initContainers: [container('voice', { restartPolicy: 'Always' }), container('prepare')],
    } as unknown as NonNullable<GameServerSpec['template']['spec']>
    const listening = (name: string) => server({ template: { spec }, ports: [{ containerPort: 1, container: name }] })
    expect(validateGameServer(listening('voice'))).toEqual([])
    expect(validateGameServer(listening('prepare')).map(({ field }) => field)).toEqual(['spec.ports[0].container'])
  })
})
