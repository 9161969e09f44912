import { setTimeout as sleep } from 'node:timers/promises'
import { deployments, pods } from '../../src/apis/core/resources.generated.ts'
import type { Deployment } from '../../src/apis/core/types.generated.ts'
import { gameServers } from '../../src/apis/game.kruise.io/game-server.ts'
import { type GameServerSet, gameServerSets } from '../../src/apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../src/apis/game.kruise.io/labels.ts'
import type { Client } from '../../src/kube/client.ts'
import type { New } from '../../src/kube/object.ts'
import { isServerReady, name, namespace, networks, until } from '../harness/game-server-set.ts'

export interface PodWish {
  readonly image: string
  /** Label of the nodes; undefined: any node. */
  readonly nodes?: Readonly<Record<string, string>>
  readonly command?: readonly string[]
}

/** Pods of the peers' measurements: nothing runs in them. */
export const fakePod: PodWish = { image: 'registry.k8s.io/pause:3.10', nodes: { type: 'kwok' } }

function template({ image, nodes, command }: PodWish): object {
  const resources = { requests: { cpu: '20m', memory: '32Mi' } }
  return {
    metadata: { labels: { app: name } },
    spec: {
      containers: [{ name: 'game', image, resources, ...(command === undefined ? {} : { command }) }],
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 1,
      ...(nodes === undefined ? {} : { nodeSelector: nodes }),
    },
  }
}

/** What is created, and when it is done. */
export interface Workload {
  readonly what: string
  /** Resolves when all are Ready. */
  create(client: Client, replicas: number): Promise<void>
  /** Resolves when nothing is left. */
  remove(client: Client): Promise<void>
}

export function gameServerSetOf(pod: PodWish, networkName: string, replicas: number): New<GameServerSet> {
  const network = networks[networkName]
  return {
    metadata: { name, namespace },
    spec: {
      replicas,
      gameServerTemplate: template(pod),
      updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '100%' } },
      ...(network === undefined ? {} : { network }),
    },
  } as unknown as New<GameServerSet>
}

/** A GameServerSet with the network of this name. */
export function servers(networkName: string, pod = fakePod): Workload {
  const network = networks[networkName]
  const own = { namespace, labelSelector: `${labels.ownerSet}=${name}`, limit: 1 }
  return {
    what: networkName,
    async create(client, replicas) {
      const ready = until(client, gameServers, replicas, server => isServerReady(server, network))
      await client.create(gameServerSets, gameServerSetOf(pod, networkName, replicas))
      await ready
    },
    async remove(client) {
      await client.delete(gameServerSets, { namespace, name }, { propagationPolicy: 'Background' })
      for (const type of [pods, gameServers]) while (await isAnyLeft(client, type, own)) await sleep(pollMs)
    },
  }
}

/** The same pods without Berth: what the cluster itself can do. */
export const deployment: Workload = {
  what: 'Deployment',
  async create(client, replicas) {
    const selection = { namespace, labelSelector: `app=${name}` }
    const ready = until(client, pods, replicas, pod => pod.status?.conditions?.some(isTrueReady) === true, selection)
    const spec = { replicas, selector: { matchLabels: { app: name } }, template: template(fakePod) }
    await client.create(deployments, { metadata: { name, namespace }, spec } as unknown as New<Deployment>)
    await ready
  },
  async remove(client) {
    await client.delete(deployments, { namespace, name }, { propagationPolicy: 'Background' })
    while (await isAnyLeft(client, pods, { namespace, labelSelector: `app=${name}` })) await sleep(pollMs)
  },
}

const pollMs = 250

const isTrueReady = ({ type, status }: { readonly type: string; readonly status: string }): boolean => type === 'Ready' && status === 'True'

/** One page of one object: polling costs the server next to nothing. */
async function isAnyLeft(
  client: Client,
  type: typeof pods | typeof gameServers,
  { namespace: within, labelSelector }: { namespace: string; labelSelector: string },
): Promise<boolean> {
  const path = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  const query = new URLSearchParams({ labelSelector, limit: '1' }).toString()
  const page = (await client.raw(`${path}/namespaces/${within}/${type.plural}?${query}`)) as { items: unknown[] }
  return page.items.length > 0
}
