import { s } from '../../schema/builder.ts'
import { customResourceDefinition } from '../../schema/crd.ts'
import { defaults } from './defaults.ts'
import { gameServerTemplate } from './game-server-set-definition.ts'
import { fleets } from './fleet.ts'
import { allocationOverflow, countedColumns, countedScale, countedStatus, priority, scheduling } from './members.ts'
import { strategyTypes } from './states.ts'

export const schema = s.object(
  {
    spec: s.object(
      {
        replicas: s.optional(s.int32({ minimum: 0, default: 0, description: 'How many servers there should be. Default 0.' })),
        allocationOverflow: s.optional(s.nullable(allocationOverflow)),
        strategy: s.optional(
          s.object(
            {
              type: s.optional(
                s.string({
                  enum: strategyTypes,
                  description:
                    'RollingUpdate (default), Recreate, or InPlaceIfPossible: Ready servers are changed in place, those in use keep their version.',
                }),
              ),
              rollingUpdate: s.optional(
                s.nullable(
                  s.object({
                    maxSurge: s.optional(s.intOrString({ description: `Servers beyond the wanted number. Default ${defaults.surge}.` })),
                    maxUnavailable: s.optional(
                      s.intOrString({ description: `Servers that may be missing meanwhile. Default ${defaults.unavailable}.` }),
                    ),
                  }),
                ),
              ),
            },
            { description: 'How servers follow a change of the template.' },
          ),
        ),
        scheduling: s.optional(scheduling),
        priorities: s.optional(s.nullable(s.list(priority, { description: 'Which servers go first when there are too many.' }))),
        template: gameServerTemplate,
      },
      { description: 'What is wanted.' },
    ),
    status: s.optional(
      s.object(
        {
          ...countedStatus,
          players: s.optional(
            s.nullable(
              s.object({
                count: s.optional(s.int64({ description: 'How many players there are.' })),
                capacity: s.optional(s.int64({ description: 'How many there can be.' })),
              }),
            ),
          ),
        },
        { description: 'What is seen.' },
      ),
    ),
  },
  { description: 'Fleet keeps a number of GameServers warm for allocation and rolls changes of their template out.' },
)

export const fleetCrd = customResourceDefinition({
  ...fleets,
  shortNames: ['flt'],
  scope: 'Namespaced',
  schema,
  status: true,
  scale: countedScale,
  columns: countedColumns,
})
