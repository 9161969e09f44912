import { type AddressPreference, preferredAddress } from '../apis/agones.dev/address-order.ts'
import { annotations } from '../apis/agones.dev/annotations.ts'
import type { AllocationSpec } from '../apis/allocation.agones.dev/game-server-allocation.ts'
import { type GameServer, gameServers } from '../apis/game.kruise.io/game-server.ts'
import { labels } from '../apis/game.kruise.io/labels.ts'
import type { NetworkAddress } from '../apis/game.kruise.io/network-status.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { Change, Trouble } from './actions.ts'
import type { CandidateState } from './candidate.ts'
import type { ServerKind } from './stock.ts'

type Server = DeepReadonly<GameServer>

/** Servers of OpenKruiseGame's API, whose interface for this is `spec.opsState`. They have no counters and no lists. */
export const okgServers: ServerKind<GameServer> = {
  pool: 'game.kruise.io',
  type: gameServers,
  candidateOf(server) {
    const { metadata } = server
    const state = stateOf(server)
    if (state === undefined) return undefined
    return {
      pool: 'game.kruise.io',
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      state,
      nodeName: nodeOf(server),
      labels: metadata.labels ?? {},
      addresses: placesOf(server),
      counters: undefined,
      lists: undefined,
      requestId: metadata.annotations?.[annotations.requestId],
    }
  },
  changeOf: (server, spec) => opsStateChange(server, spec),
  answerOf(server, { addressOrder = playersOrder }) {
    const { metadata } = server
    const places = placesOf(server)
    const { address = '', ports = [] } = preferredAddress(places, addressOrder) ?? {}
    return {
      state: 'Allocated',
      gameServerName: metadata.name,
      ports,
      address,
      addresses: places.map(({ type, address: at }) => ({ type, address: at })),
      nodeName: nodeOf(server),
      source: 'local',
      metadata: { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} },
    }
  },
}

/** Free are those of which nobody says anything; operators' own words keep a server from being given away. */
function stateOf({ metadata, spec, status }: Server): CandidateState | undefined {
  const { opsState = '', networkDisabled = false } = spec ?? {}
  if (metadata.deletionTimestamp !== undefined || status?.currentState !== 'Ready' || networkDisabled) return undefined
  const network = status.networkStatus
  if ((network?.networkType ?? '') !== '' && network?.currentNetworkState !== 'Ready') return undefined
  if (opsState === 'Allocated') return 'Allocated'
  return opsState === '' || opsState === 'None' ? 'Ready' : undefined
}

/** The state, and the metadata of the allocation; applies to this very version of the server alone. */
function opsStateChange({ metadata }: Server, spec: AllocationSpec): Change {
  const { labels: own, annotations: notes = {} } = spec.metadata ?? {}
  const earlier = metadata.annotations?.[annotations.requestId]
  const written = { ...(earlier !== undefined && { [annotations.requestId]: null }), ...notes }
  const missing = (kind: 'counter' | 'list', reason: Trouble['reason'], actions: object = {}): Trouble[] =>
    Object.keys(actions).map(key => ({ reason, message: `${kind} ${key} not found` }))
  return {
    patch: {
      metadata: {
        resourceVersion: metadata.resourceVersion,
        ...(own !== undefined && { labels: { ...own } }),
        ...(Object.keys(written).length > 0 && { annotations: written }),
      },
      spec: { opsState: 'Allocated' },
    },
    troubles: [...missing('counter', 'CounterActionError', spec.counters), ...missing('list', 'ListActionError', spec.lists)],
  }
}

function nodeOf({ metadata }: Server): string {
  return metadata.labels?.[labels.nodeName] ?? ''
}

/** An address, and the ports that are reached there. */
interface Place {
  readonly type: string
  readonly address: string
  readonly ports: { name: string; port: number }[]
}

/** What players use first. */
const playersOrder: readonly AddressPreference[] = [
  { type: 'ExternalIP' },
  { type: 'ExternalDNS' },
  { type: 'InternalIP' },
  { type: 'InternalDNS' },
  { type: 'PodIP' },
]

/** Where the network says the server is reached, each address once; those of the pod as well, which have ports only where the network names some. */
function placesOf({ status }: Server): Place[] {
  const { externalAddresses = [], internalAddresses = [] } = status?.networkStatus ?? {}
  const { podIP, podIPs = [] } = status?.podStatus ?? {}
  const pod = podIPs.length > 0 ? podIPs.map(({ ip }) => ip ?? '') : [podIP ?? '']
  const places: Place[] = []
  const add = (type: string, address: string, ports: Place['ports']): void => {
    if (address === '') return
    const known = places.find(one => one.type === type && one.address === address)
    if (known === undefined) places.push({ type, address, ports })
    else known.ports.push(...ports)
  }
  for (const [scope, all] of [
    ['External', externalAddresses],
    ['Internal', internalAddresses],
  ] as const) {
    for (const one of all) {
      add(`${scope}IP`, one.ip, numbersOf(one))
      add(`${scope}DNS`, one.endPoint ?? '', numbersOf(one))
    }
  }
  for (const ip of pod) add('PodIP', ip, internalAddresses.filter(one => one.ip === ip).flatMap(numbersOf))
  return places
}

/** Ports that are no single numbers have no place in the answer. */
function numbersOf({ ports = [] }: DeepReadonly<NetworkAddress>): Place['ports'] {
  return ports.flatMap(({ name, port }) => {
    const number = Number(port)
    return port === undefined || !Number.isInteger(number) ? [] : [{ name, port: number }]
  })
}
