/** What code that works with GameServers needs; the schema, which only definitions need, has a file of its own. */
import type { KubeObject } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { Infer } from '../../schema/builder.ts'
import type * as definition from './game-server-definition.ts'

export type GameServer = KubeObject & Infer<typeof definition.schema>
export type GameServerSpec = GameServer['spec']
export type GameServerStatus = NonNullable<GameServer['status']>
export type GameServerPort = Infer<typeof definition.port>
export type StatusAddress = Infer<typeof definition.statusAddress>
export type CounterStatus = Infer<typeof definition.counter>
export type ListStatus = Infer<typeof definition.list>

export const gameServers: ResourceType<GameServer> = {
  group: 'agones.dev',
  version: 'v1',
  plural: 'gameservers',
  kind: 'GameServer',
  namespaced: true,
}
