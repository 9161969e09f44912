import { type GameServer, gameServers } from '../../src/apis/game.kruise.io/game-server.ts'
import { type GameServerSet, gameServerSets } from '../../src/apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../src/apis/game.kruise.io/labels.ts'
import { pods } from '../../src/apis/core/resources.generated.ts'
import type { Client } from '../../src/kube/client.ts'
import type { DeepReadonly, KubeObject, New } from '../../src/kube/object.ts'
import type { ResourceType } from '../../src/kube/resource.ts'
import { Reflector } from '../../src/kube/reflector.ts'

export const name = 'bench'
export const namespace = 'default'

/** Networks by the name that tables show. */
export const networks: Readonly<Record<string, object | undefined>> = {
  None: undefined,
  'Kubernetes-NodePort': { networkType: 'Kubernetes-NodePort', networkConf: [{ name: 'PortProtocols', value: '80/TCP' }] },
  // A load balancer of the plugin has 50 ports, so a bench of thousands needs many.
  'Volcengine-CLB': {
    networkType: 'Volcengine-CLB',
    networkConf: [
      { name: 'ClbIds', value: Array.from({ length: 60 }, (_, index) => `clb-bench-${index}`).join(',') },
      { name: 'PortProtocols', value: '80/TCP' },
    ],
  },
}

const resources = { requests: { cpu: '20m', memory: '32Mi' } }
export const containers = [{ name: 'game', image: 'registry.example.com/bench/game:v1', resources }]

/** The set of the bench: one container, or a game and a sidecar. */
export function benchSet(replicas: number, network: object | undefined, sidecar?: string): New<GameServerSet> {
  const sidecars = sidecar === undefined ? [] : [{ name: 'sidecar', image: sidecar }]
  return {
    metadata: { name, namespace },
    spec: {
      replicas,
      gameServerTemplate: {
        metadata: { labels: { app: name } },
        spec: { containers: [...containers, ...sidecars], terminationGracePeriodSeconds: 1 },
      },
      updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '100%' } },
      ...(network === undefined ? {} : { network }),
    },
  } as unknown as New<GameServerSet>
}

export function isServerReady({ status }: DeepReadonly<GameServer>, network: object | undefined): boolean {
  return status?.currentState === 'Ready' && (network === undefined || status.networkStatus?.currentNetworkState === 'Ready')
}

const ofBench = { namespace, labelSelector: `${labels.ownerSet}=${name}` }
const leastLimitMs = 120_000
const limitMsPerServer = 200

/** Resolves when `wanted` objects of the kind fulfil the condition at once, as a watch shows them. */
export async function until<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  wanted: number,
  fulfils: (object: DeepReadonly<T>) => boolean,
  selection: { namespace?: string; labelSelector?: string } = ofBench,
): Promise<void> {
  await using reflector = new Reflector({ client, type, ...selection })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const good = new Set<string>()
  const look = (object: DeepReadonly<T>): void => {
    if (fulfils(object)) good.add(object.metadata.uid)
    else good.delete(object.metadata.uid)
    if (good.size >= wanted) resolve()
  }
  const limitMs = Math.max(leastLimitMs, wanted * limitMsPerServer)
  const late = setTimeout(() => reject(new Error(`${good.size} of ${wanted} ${type.plural} after ${limitMs / 1000} s`)), limitMs)
  reflector.store.subscribe({ added: look, updated: look, deleted: ({ metadata }) => void good.delete(metadata.uid) })
  reflector.start()
  await promise.finally(() => clearTimeout(late))
}

/** Deletes the set and resolves when no pod and no GameServer is left. */
export async function deleteSet(client: Client): Promise<void> {
  await client.delete(gameServerSets, { namespace, name }, { propagationPolicy: 'Background' })
  for (;;) {
    const left = await Promise.all([client.list(pods, ofBench), client.list(gameServers, ofBench)])
    if (left.every(({ items }) => items.length === 0)) return
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}

export const createSet = (client: Client, set: New<GameServerSet>): Promise<DeepReadonly<GameServerSet>> =>
  client.create(gameServerSets, set)
