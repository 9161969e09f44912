import { isDeepStrictEqual } from 'node:util'
// The Agones family on a cluster in this process. The part of the game and its sidecar is played by the test.
import { afterEach, beforeEach, vi } from 'vitest'
import { agonesCustomResourceDefinitions } from '../../src/apis/agones.dev/custom-resource-definitions.ts'
import { type GameServer, type GameServerSpec, gameServers } from '../../src/apis/agones.dev/game-server.ts'
import { type Fleet, fleets } from '../../src/apis/agones.dev/fleet.ts'
import { type GameServerSet, gameServerSets } from '../../src/apis/agones.dev/game-server-set.ts'
import type { GameServerState } from '../../src/apis/agones.dev/states.ts'
import type { CloudProduct } from '../../src/families/agones/cloud-product/cloud-product.ts'
import { generic } from '../../src/families/agones/cloud-product/generic.ts'
import { defaultGates } from '../../src/families/agones/feature-gates.ts'
import { startAgones } from '../../src/families/agones/start.ts'
import type { Client } from '../../src/kube/client.ts'
import type { DeepReadonly, New } from '../../src/kube/object.ts'
import { RestClient } from '../../src/kube/rest-client.ts'
import { type InProcessCluster, openInProcessCluster } from './in-process-cluster.ts'

const namespace = 'default'

let cluster: InProcessCluster
let agones: AsyncDisposable
export let client: Client
/** For steps of admission that a test brings along. */
export const apiServer = () => cluster.api
/** Every write so far, as `VERB resource/subresource`. */
export let writes: string[]

const config = {
  gates: defaultGates,
  sidecar: { image: 'agones-sdk:1', featureGates: '', requestRateLimit: '500ms' },
  sdkVersion: '1.56.0',
  portRanges: { default: { min: 7000, max: 8000, blocked: [] }, few: { min: 9000, max: 9001, blocked: [] } },
}

let cloudProduct: CloudProduct

const startFamily = () =>
  startAgones(
    {
      client: new RestClient({ transport: cluster.api.transport('berth') }),
      addresses: cluster.addresses,
      config: { ...config, cloudProduct },
    },
    new AbortController().signal,
  )

/** The family starts again, as after a crash of its process. */
export async function restartFamily(): Promise<void> {
  await agones[Symbol.asyncDispose]()
  agones = await startFamily()
}

/** A fresh cluster for every test of the calling file. */
export function useInProcessAgones(product: CloudProduct = generic): void {
  vi.setConfig({ testTimeout: 20_000 })
  beforeEach(async () => {
    cloudProduct = product
    cluster = await openInProcessCluster(agonesCustomResourceDefinitions)
    ;({ client, writes } = cluster)
    agones = await startFamily()
  })
  afterEach(async () => {
    await agones[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })
}

export const at = (name: string) => ({ namespace, name })
export const eventually = <T>(test: () => Promise<T>, timeout = 8000): Promise<T> => vi.waitFor(test, { timeout, interval: 20 })

/** As users write it: one container, one dynamic port. */
export function createServer(name: string, spec: Partial<GameServerSpec> = {}, metadata: object = {}): Promise<DeepReadonly<GameServer>> {
  const ports = [{ name: 'default', containerPort: 7654 }]
  const template = { spec: { containers: [{ name: 'game', image: 'game:1' }] } }
  return client.create(gameServers, {
    metadata: { ...at(name), ...metadata },
    spec: { ports, template, ...spec },
  } as unknown as New<GameServer>)
}

export const serverOf = (name: string) => client.get(gameServers, at(name))

/** Waits for the state. */
export const inState = (name: string, state: GameServerState) =>
  eventually(async () => {
    const server = await serverOf(name)
    if (server.status?.state !== state) throw new Error(`${name} is ${server.status?.state}, not ${state}`)
    return server
  })

/** What a sidecar writes for a call of its game. */
export const sdk = (name: string, state: GameServerState) => client.patch(gameServers, at(name), { status: { state } }, { type: 'merge' })

export function createSet(
  name: string,
  replicas: number,
  spec: Partial<GameServerSpec> = {},
  more: object = {},
): Promise<DeepReadonly<GameServerSet>> {
  const ports = [{ name: 'default', containerPort: 7654 }]
  const template = { spec: { ports, template: { spec: { containers: [{ name: 'game', image: 'game:1' }] } }, ...spec } }
  return client.create(gameServerSets, { metadata: at(name), spec: { replicas, template, ...more } } as unknown as New<GameServerSet>)
}

export const serversOf = async (set: string): Promise<DeepReadonly<GameServer>[]> => [
  ...(await client.list(gameServers, { namespace, labelSelector: `agones.dev/gameserverset=${set}` })).items,
]

/** Plays the games: whatever is Scheduled says that it is ready. Until disposal. */
export function playGames(): Disposable {
  const timer = setInterval(() => {
    void client.list(gameServers, { namespace }).then(({ items }) => {
      for (const { metadata, status } of items) {
        if (status?.state !== 'Scheduled') continue
        // A game says it once: not to one that has been allocated since it was looked at.
        const { name, resourceVersion } = metadata
        const change = { metadata: { resourceVersion }, status: { state: 'RequestReady' } }
        void client.patch(gameServers, at(name), change, { type: 'merge' }).catch(() => {})
      }
    })
  }, 20)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Waits for so many servers in the states. */
export const counted = (set: string, wanted: Partial<Record<GameServerState, number>>) =>
  eventually(async () => {
    const servers = await serversOf(set)
    const states = Object.fromEntries([...Map.groupBy(servers, one => one.status?.state ?? '')].map(([state, all]) => [state, all.length]))
    if (!isDeepStrictEqual(states, wanted)) throw new Error(`${set} has ${JSON.stringify(states)}, not ${JSON.stringify(wanted)}`)
    return servers
  })

export function createFleet(name: string, replicas: number, more: object = {}, image = 'game:1'): Promise<DeepReadonly<Fleet>> {
  const ports = [{ name: 'default', containerPort: 7654 }]
  const template = { spec: { ports, template: { spec: { containers: [{ name: 'game', image }] } } } }
  return client.create(fleets, { metadata: at(name), spec: { replicas, template, ...more } } as unknown as New<Fleet>)
}
