// The OKG family on a cluster in this process.
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { pods } from '../../src/apis/core/resources.generated.ts'
import type { Pod } from '../../src/apis/core/types.generated.ts'
import { okgCustomResourceDefinitions } from '../../src/apis/game.kruise.io/custom-resource-definitions.ts'
import { type GameServer, gameServers } from '../../src/apis/game.kruise.io/game-server.ts'
import { type GameServerSet, type GameServerSetSpec, gameServerSets } from '../../src/apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../src/apis/game.kruise.io/labels.ts'
import type { Client } from '../../src/kube/client.ts'
import type { DeepReadonly, New } from '../../src/kube/object.ts'
import { RestClient } from '../../src/kube/rest-client.ts'
import { okgAdmission, OkgReviewer } from '../../src/families/okg/admission.ts'
import { startOkg } from '../../src/families/okg/start.ts'
import { type InProcessCluster, openInProcessCluster } from './in-process-cluster.ts'

const namespace = 'default'
export let client: Client
let cluster: InProcessCluster
let okg: AsyncDisposable
/** Every write so far, as `VERB resource/subresource`. */
export let writes: string[]

const startFamily = () =>
  startOkg(
    { client: new RestClient({ transport: cluster.api.transport('berth') }), addresses: cluster.addresses },
    new AbortController().signal,
  )

/** The family starts again, as after a crash of its process. */
export async function restartFamily(): Promise<void> {
  await okg[Symbol.asyncDispose]()
  okg = await startFamily()
}

/** A fresh cluster for every test of the calling file. */
export function useInProcessOkg(): void {
  vi.setConfig({ testTimeout: 20_000 })
  beforeEach(async () => {
    cluster = await openInProcessCluster(okgCustomResourceDefinitions)
    ;({ client, writes } = cluster)
    cluster.api.registerAdmission(okgAdmission(new OkgReviewer({ addresses: cluster.addresses, client: cluster.manager })) as never)
    okg = await startFamily()
  })

  afterEach(async () => {
    await okg[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })
}

export const at = (name: string) => ({ namespace, name })
export const container = (image: string, more: object = {}) => ({ name: 'game', image, ...more })

export function createSet(
  name: string,
  replicas: number,
  spec: Partial<GameServerSetSpec> | object = {},
  image = 'game:1',
): Promise<DeepReadonly<GameServerSet>> {
  const gameServerTemplate = {
    metadata: { labels: { app: name } },
    spec: { containers: [container(image), { name: 'side', image: 'side:1' }] },
  }
  const inPlace = { rollingUpdate: { podUpdatePolicy: 'InPlaceIfPossible', maxUnavailable: '100%' } }
  return client.create(gameServerSets, {
    metadata: at(name),
    spec: { replicas, gameServerTemplate, updateStrategy: inPlace, ...spec },
  } as unknown as New<GameServerSet>)
}

export const patchSet = (name: string, spec: object) => client.patch(gameServerSets, at(name), { spec }, { type: 'merge' })
export const patchServer = (name: string, spec: object) => client.patch(gameServers, at(name), { spec }, { type: 'merge' })
export const setImage = (name: string, game: string, side: string) =>
  patchSet(name, { gameServerTemplate: { spec: { containers: [container(game), { name: 'side', image: side }] } } })
export const podsOf = async (set: string): Promise<DeepReadonly<Pod>[]> => {
  const { items } = await client.list(pods, { namespace, labelSelector: `${labels.ownerSet}=${set}` })
  return items.toSorted((a, b) => ordinal(a.metadata.name) - ordinal(b.metadata.name))
}
export const serversOf = async (set: string): Promise<DeepReadonly<GameServer>[]> =>
  (await client.list(gameServers, { namespace, labelSelector: `${labels.ownerSet}=${set}` })).items.toSorted(
    (a, b) => ordinal(a.metadata.name) - ordinal(b.metadata.name),
  )
const ordinal = (name: string): number => Number(name.slice(name.lastIndexOf('-') + 1))
export const imageOf = (pod: DeepReadonly<Pod>, name: string) => pod.status?.containerStatuses?.find(status => status.name === name)?.image
export const eventually = <T>(test: () => Promise<T>, timeout = 8000): Promise<T> => vi.waitFor(test, { timeout, interval: 20 })
export const settled = (set: string, ids: readonly number[]) =>
  eventually(async () => {
    expect((await podsOf(set)).map(pod => ordinal(pod.metadata.name))).toEqual(ids)
    const servers = await serversOf(set)
    expect(servers.map(server => [ordinal(server.metadata.name), server.status?.currentState])).toEqual(ids.map(id => [id, 'Ready']))
    return servers
  })
export const condition = async (set: string, type: string) =>
  (await client.get(gameServerSets, at(set))).status?.conditions?.find(found => found.type === type)
export const uids = async (set: string) => (await podsOf(set)).map(pod => pod.metadata.uid)
