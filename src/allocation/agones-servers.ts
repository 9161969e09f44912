import { preferredAddress } from '../apis/agones.dev/address-order.ts'
import { annotations } from '../apis/agones.dev/annotations.ts'
import { type GameServer, gameServers } from '../apis/agones.dev/game-server.ts'
import { allocationChange } from './actions.ts'
import type { ServerKind } from './stock.ts'

/** Contract: Agones `allocation.agones.dev/v1`. */
export const agonesServers: ServerKind<GameServer> = {
  pool: 'agones.dev',
  type: gameServers,
  candidateOf({ metadata, status }) {
    const { state } = status ?? {}
    if (metadata.deletionTimestamp !== undefined || (state !== 'Ready' && state !== 'Allocated')) return undefined
    return {
      pool: 'agones.dev',
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      state,
      nodeName: status?.nodeName ?? '',
      labels: metadata.labels ?? {},
      addresses: status?.addresses ?? [],
      counters: status?.counters,
      lists: status?.lists,
      requestId: metadata.annotations?.[annotations.requestId],
    }
  },
  changeOf: (server, spec, now, { confirmWithinMs }) => allocationChange(server, spec, now, confirmWithinMs),
  answerOf({ metadata, status }, { addressOrder }) {
    const preferred = addressOrder && preferredAddress(status?.addresses ?? [], addressOrder)?.address
    return {
      state: 'Allocated',
      gameServerName: metadata.name,
      ports: status?.ports ?? [],
      address: preferred ?? status?.address ?? '',
      addresses: status?.addresses ?? [],
      nodeName: status?.nodeName ?? '',
      source: 'local',
      metadata: { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} },
      ...(status?.counters && { counters: status.counters }),
      ...(status?.lists && { lists: status.lists }),
    }
  },
}
