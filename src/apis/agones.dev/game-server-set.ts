/** What code that works with GameServerSets needs; the schema, which only definitions need, has a file of its own. */
import type { KubeObject } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { Infer } from '../../schema/builder.ts'
import type * as definition from './game-server-set-definition.ts'

export type GameServerSet = KubeObject & Infer<typeof definition.schema>
export type GameServerSetStatus = NonNullable<GameServerSet['status']>

export const gameServerSets: ResourceType<GameServerSet> = {
  group: 'agones.dev',
  version: 'v1',
  plural: 'gameserversets',
  kind: 'GameServerSet',
  namespaced: true,
}
