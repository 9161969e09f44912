import { create } from '@bufbuild/protobuf'
import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../kube/object.ts'
import { GameServerSchema, type GameServer as GameServerMessage } from './protocol/sdk.generated.ts'

/** A GameServer as the SDK tells of it. */
export function gameServerMessage({ metadata, spec, status }: DeepReadonly<GameServer>): GameServerMessage {
  const { disabled = false, periodSeconds = 0, failureThreshold = 0, initialDelaySeconds = 0 } = spec.health ?? {}
  return create(GameServerSchema, {
    objectMeta: {
      name: metadata.name,
      namespace: metadata.namespace ?? '',
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      generation: BigInt(metadata.generation ?? 0),
      creationTimestamp: seconds(metadata.creationTimestamp),
      deletionTimestamp: seconds(metadata.deletionTimestamp),
      annotations: { ...metadata.annotations },
      labels: { ...metadata.labels },
    },
    spec: { health: { disabled, periodSeconds, failureThreshold, initialDelaySeconds } },
    status: {
      state: status?.state ?? '',
      address: status?.address ?? '',
      addresses: (status?.addresses ?? []).map(({ type = '', address = '' }) => ({ type, address })),
      ports: (status?.ports ?? []).map(({ name = '', port = 0 }) => ({ name, port })),
      counters: Object.fromEntries(
        Object.entries(status?.counters ?? {}).map(([key, { count = 0, capacity = 0 }]) => [
          key,
          { count: BigInt(count), capacity: BigInt(capacity) },
        ]),
      ),
      lists: Object.fromEntries(
        Object.entries(status?.lists ?? {}).map(([key, { capacity = 0, values = [] }]) => [
          key,
          { capacity: BigInt(capacity), values: [...values] },
        ]),
      ),
      ...(status?.players && {
        players: {
          count: BigInt(status.players.count ?? 0),
          capacity: BigInt(status.players.capacity ?? 0),
          ids: [...(status.players.ids ?? [])],
        },
      }),
    },
  })
}

/** Since 1970; zero for none. */
function seconds(time: string | undefined): bigint {
  const ms = Date.parse(time ?? '')
  return Number.isNaN(ms) ? 0n : BigInt(Math.floor(ms / 1000))
}
