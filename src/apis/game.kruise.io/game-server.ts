import type { KubeObject } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import { s } from '../../schema/builder.ts'
import type { Infer } from '../../schema/builder.ts'
import { customResourceDefinition } from '../../schema/crd.ts'
import type { PodStatus, ResourceRequirements } from '../core/types.generated.ts'
import { networkStatusSchema } from './network-status.ts'
import type { GameServerState } from './states.ts'

const containerOverride = s.object({
  name: s.string({ description: 'Name of the container to override.' }),
  image: s.optional(s.string({ description: 'Image of this server’s container, instead of the one in the set.' })),
  resources: s.optional(
    s.preserve<ResourceRequirements>({ description: 'Resources of this server’s container, instead of those in the set.' }),
  ),
})

/** Members of GameServer.spec; service quality actions write the same ones. */
export const gameServerSpecMembers = {
  opsState: s.optional(
    s.string({
      description:
        'What operators say of the server: None, WaitToBeDeleted, Maintaining, Allocated or Kill; texts of one’s own count as None. Decides which servers leave first.',
    }),
  ),
  updatePriority: s.optional(s.intOrString({ description: 'Servers with a higher number are updated earlier. Default 0.' })),
  deletionPriority: s.optional(s.intOrString({ description: 'Servers with a higher number are deleted earlier. Default 0.' })),
  networkDisabled: s.optional(s.boolean({ description: 'Switches the traffic to this server off. Its address stays reserved.' })),
  containers: s.optional(s.list(containerOverride, { description: 'Overrides for this one server: a directed update.' })),
} as const

const condition = s.object({
  type: s.string({ description: 'NodeNormal, PersistentVolumeNormal or PodNormal.' }),
  status: s.string({ description: 'True, False or Unknown.' }),
  lastProbeTime: s.optional(s.nullable(s.time({ description: 'When the condition was last looked at.' }))),
  lastTransitionTime: s.optional(s.nullable(s.time({ description: 'When the status last changed.' }))),
  reason: s.optional(s.string({ description: 'Why, in one CamelCase word.' })),
  message: s.optional(s.string({ description: 'Why, for people.' })),
})

const serviceQualityCondition = s.object({
  name: s.string({ description: 'Name of the service quality.' }),
  status: s.optional(s.string({ description: 'Outcome of the probe: True or False.' })),
  result: s.optional(s.string({ description: 'What the probe printed.' })),
  lastProbeTime: s.optional(s.nullable(s.time({ description: 'When the probe last ran.' }))),
  lastTransitionTime: s.optional(s.nullable(s.time({ description: 'When the outcome last changed.' }))),
  lastActionTransitionTime: s.optional(s.nullable(s.time({ description: 'When an action was last taken.' }))),
})

const schema = s.object(
  {
    spec: s.optional(s.object(gameServerSpecMembers, { description: 'What operators want of this server.' })),
    status: s.optional(
      s.object(
        {
          desiredState: s.optional(s.string({ description: 'Always Ready.' })),
          currentState: s.optional(
            s.string<GameServerState>({
              description: 'Unknown, Creating, Ready, NotReady, Crash, Updating, Deleting, PreDelete or PreUpdate.',
            }),
          ),
          networkStatus: s.optional(networkStatusSchema),
          podStatus: s.optional(s.preserve<PodStatus>({ description: 'Copy of the pod’s status.' })),
          serviceQualitiesConditions: s.optional(s.list(serviceQualityCondition, { description: 'Outcome of every service quality.' })),
          updatePriority: s.optional(s.intOrString({ description: 'Update priority in effect, as text.' })),
          deletionPriority: s.optional(s.intOrString({ description: 'Deletion priority in effect, as text.' })),
          lastTransitionTime: s.optional(s.nullable(s.time({ description: 'When the status last changed.' }))),
          conditions: s.optional(s.list(condition, { description: 'Troubles of the pod, its node and its volumes.' })),
        },
        { description: 'What is seen of this server.' },
      ),
    ),
  },
  { description: 'GameServer is one server of a GameServerSet: the place to direct it and to see how it is.' },
)

export type GameServer = KubeObject & Infer<typeof schema>
export type GameServerStatus = NonNullable<GameServer['status']>
export type GameServerCondition = Infer<typeof condition>
export type ContainerOverride = Infer<typeof containerOverride>

export const gameServers: ResourceType<GameServer> = {
  group: 'game.kruise.io',
  version: 'v1alpha1',
  plural: 'gameservers',
  kind: 'GameServer',
  namespaced: true,
}

export const gameServerCrd = customResourceDefinition({
  group: gameServers.group,
  version: gameServers.version,
  kind: gameServers.kind,
  plural: gameServers.plural,
  shortNames: ['gs'],
  scope: 'Namespaced',
  schema,
  status: true,
  columns: [
    { name: 'STATE', type: 'string', jsonPath: '.status.currentState', description: 'The current state of the game server' },
    { name: 'OPSSTATE', type: 'string', jsonPath: '.spec.opsState', description: 'The operations state of the game server' },
    { name: 'DP', type: 'string', jsonPath: '.status.deletionPriority', description: 'The deletion priority in effect' },
    { name: 'UP', type: 'string', jsonPath: '.status.updatePriority', description: 'The update priority in effect' },
    { name: 'AGE', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'The age of the game server' },
  ],
})
