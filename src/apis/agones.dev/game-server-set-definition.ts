import { s } from '../../schema/builder.ts'
import { customResourceDefinition } from '../../schema/crd.ts'
import { gameServerSpec } from './game-server-definition.ts'
import { gameServerSets } from './game-server-set.ts'
import { allocationOverflow, countedColumns, countedScale, countedStatus, priority, scheduling } from './members.ts'

/** Labels, annotations and spec of the GameServers that are made. */
export const gameServerTemplate = s.object(
  { metadata: s.optional(s.preserve<{ labels?: Record<string, string>; annotations?: Record<string, string> }>()), spec: gameServerSpec },
  { description: 'The template of every server.' },
)

export const schema = s.object(
  {
    spec: s.object(
      {
        replicas: s.int32({ minimum: 0, description: 'How many servers there should be.' }),
        allocationOverflow: s.optional(s.nullable(allocationOverflow)),
        scheduling: s.optional(scheduling),
        priorities: s.optional(s.nullable(s.list(priority, { description: 'Which servers go first when there are too many.' }))),
        template: gameServerTemplate,
      },
      { description: 'What is wanted.' },
    ),
    status: s.optional(
      s.object(
        { ...countedStatus, shutdownReplicas: s.optional(s.int32({ description: 'How many are on their way out.' })) },
        { description: 'What is seen.' },
      ),
    ),
  },
  { description: 'GameServerSet keeps a number of GameServers alive that are all made from one template.' },
)

export const gameServerSetCrd = customResourceDefinition({
  ...gameServerSets,
  shortNames: ['gss', 'gsset'],
  scope: 'Namespaced',
  schema,
  status: true,
  scale: countedScale,
  columns: countedColumns,
})
