import type { KubeObject, NewObjectMeta } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import { s } from '../../schema/builder.ts'
import type { Infer, Schema } from '../../schema/builder.ts'
import { customResourceDefinition } from '../../schema/crd.ts'
import type { Container, PersistentVolumeClaim, PodSpec } from '../core/types.generated.ts'
import { gameServerSpecMembers } from './game-server.ts'
import { probeMembers } from './probe.ts'
import { podUpdatePolicies, reclaimPolicies, scaleDownStrategyTypes, updateStrategyTypes } from './states.ts'

/** The original reads an empty text as the default, so every choice may be empty. */
const choice = <T extends string>(values: readonly T[], description: string): Schema<T | ''> =>
  s.string<T | ''>({ enum: ['', ...values], description })

/** A count from 1, or a share of the replicas. */
const countOrPercent = (description: string): Schema<number | string> => ({
  ...s.intOrString({ description }),
  minimum: 1,
  pattern: '^(100|[1-9][0-9]?)%$',
})

const container = s.open(
  { name: s.string({ minLength: 1, description: 'Name of the container.' }) },
  { description: 'A container of the pod.' },
)

const podSpec: Schema<PodSpec> = {
  ...s.open({
    containers: s.list(container as Schema<Container>, { minItems: 1, description: 'The game container and its sidecars.' }),
  }),
  description: 'The pod every server runs in: a Kubernetes PodSpec.',
} as Schema<PodSpec>

const gameServerTemplate = s.open(
  {
    metadata: s.optional(s.preserve<NewObjectMeta>({ description: 'Labels and annotations of pods and GameServers.' })),
    spec: podSpec,
    volumeClaimTemplates: s.optional(
      s.list(s.preserve<Omit<PersistentVolumeClaim, 'metadata'> & { metadata: NewObjectMeta }>(), {
        description: 'Claims that every server gets for itself.',
      }),
    ),
    reclaimPolicy: s.optional(
      choice(
        reclaimPolicies,
        'What becomes of a GameServer when its pod goes: Cascade (default) deletes it too, Delete keeps it until the server is scaled away.',
      ),
    ),
  },
  { description: 'The template of every server: a PodTemplateSpec with claims and a reclaim policy.' },
)

// The bounds of length and of the list below keep the rule within the cost budget of real API servers.
const reservedId: Schema<number | string> = {
  ...s.intOrString({
    description: 'An id, or an inclusive range of ids as "a-b".',
    validations: [
      {
        rule: "type(self) == int || !self.matches('^[0-9]{1,9}-[0-9]{1,9}$') || int(self.split('-')[0]) <= int(self.split('-')[1])",
        messageExpression: "'the range ' + string(self) + ' runs backwards'",
      },
    ],
  }),
  minimum: 0,
  maxLength: 19,
  pattern: '^[0-9]{1,9}(-[0-9]{1,9})?$',
}

const serviceQuality = s.object({
  ...probeMembers,
  name: s.string({ description: 'Name of the quality; the pod condition is game.kruise.io/<name>.' }),
  containerName: s.optional(s.string({ description: 'Container in which to probe.' })),
  permanent: s.boolean({ description: 'Whether at most one action is ever taken.' }),
  serviceQualityAction: s.optional(
    s.list(
      s.object({
        state: s.boolean({ description: 'The outcome of the probe that triggers the action.' }),
        result: s.optional(s.string({ description: 'What the probe must have printed; anything when empty.' })),
        ...gameServerSpecMembers,
        annotations: s.optional(s.map(s.string(), { description: 'Annotations to put on the GameServer.' })),
        labels: s.optional(s.map(s.string(), { description: 'Labels to put on the GameServer.' })),
      }),
      { description: 'What to write to the GameServer at which outcome.' },
    ),
  ),
})

const lifecycleHook = (description: string) =>
  s.object(
    {
      labelsHandler: s.optional(s.map(s.string(), { description: 'Pod labels that hold the step back while they are present.' })),
      finalizersHandler: s.optional(s.list(s.string(), { description: 'Pod finalizers that hold the step back while they are present.' })),
      markPodNotReady: s.optional(s.boolean({ description: 'Whether the pod leaves the load balancing while it waits.' })),
    },
    { description },
  )

const rollingUpdate = s.object(
  {
    partition: s.optional(s.int32({ minimum: 0, description: 'How many servers stay at the old revision. Default 0.' })),
    maxUnavailable: s.optional(
      countOrPercent('How many servers an update may make unavailable at a time, a number or a percentage. Default 1.'),
    ),
    podUpdatePolicy: s.optional(
      choice(podUpdatePolicies, 'ReCreate (default), InPlaceIfPossible, or InPlaceOnly, which refuses changes that need a new pod.'),
    ),
    paused: s.optional(s.boolean({ description: 'Stops the update where it is.' })),
    inPlaceUpdateStrategy: s.optional(
      s.object(
        {
          gracePeriodSeconds: s.optional(
            s.int32({ minimum: 0, description: 'Seconds between marking a server not ready and changing its image. Default 0.' }),
          ),
        },
        { description: 'How servers are changed in place.' },
      ),
    ),
    minReadySeconds: s.optional(
      s.int32({ minimum: 0, maximum: 300, description: 'Seconds a server must be ready to count as available. Default 0, at most 300.' }),
    ),
  },
  { description: 'How an update rolls. When present, the strategy is RollingUpdate.' },
)

const network = s.object(
  {
    networkType: s.string({
      minLength: 1,
      description: 'Name of the network type, such as Volcengine-CLB. Cannot change; a network may be added or removed.',
      validations: [{ rule: "oldSelf == '' || self == oldSelf", message: 'networkType cannot be changed', reason: 'FieldValueForbidden' }],
    }),
    networkConf: s.optional(
      s.list(
        s.object({
          name: s.string({ description: 'Name of the parameter. Some may be given several times.' }),
          value: s.string({ description: 'Value of the parameter, always text.' }),
        }),
        { description: 'Parameters of the network type.' },
      ),
    ),
  },
  { description: 'How players reach every single server.' },
)

const retention = (when: string) => s.optional(choice(['Retain', 'Delete'], `What becomes of the claims when ${when}. Default Retain.`))
const count = (description: string) => s.int32({ description })

const schema = s.object(
  {
    spec: s.object(
      {
        replicas: s.int32({ minimum: 0, description: 'How many servers there should be.' }),
        gameServerTemplate,
        serviceName: s.optional(
          s.string({
            description: 'Headless Service that names the pods; the name of the set by default. Read once, when the set is created.',
          }),
        ),
        reserveGameServerIds: s.optional(
          s.list(reservedId, {
            listType: 'set',
            maxItems: 100_000,
            description: 'Ids that must not exist, as numbers or ranges "a-b". Existing servers with such ids are deleted.',
          }),
        ),
        serviceQualities: s.optional(
          s.list(serviceQuality, { description: 'Probes inside the game and what follows from their outcome.' }),
        ),
        updateStrategy: s.optional(
          s.object(
            {
              type: s.optional(
                choice(updateStrategyTypes, 'RollingUpdate (default), or OnDelete: servers change when they are created anew.'),
              ),
              rollingUpdate: s.optional(rollingUpdate),
            },
            { description: 'How servers follow a change of the template.' },
          ),
        ),
        scaleStrategy: s.optional(
          s.object(
            {
              maxUnavailable: s.optional(countOrPercent('How many servers may be unavailable while scaling, a number or a percentage.')),
              scaleDownStrategyType: s.optional(
                choice(
                  scaleDownStrategyTypes,
                  'General (default) refills ids later; ReserveIds adds the ids of servers scaled away to the reserve list.',
                ),
              ),
            },
            { description: 'How the set grows and shrinks.' },
          ),
        ),
        network: s.optional(network),
        lifecycle: s.optional(
          s.object(
            {
              preDelete: s.optional(lifecycleHook('Before a server is deleted.')),
              inPlaceUpdate: s.optional(lifecycleHook('Before and after a server is changed in place.')),
              preNormal: s.optional(lifecycleHook('Before a new server counts as normal.')),
            },
            { description: 'Hooks by which others hold a step of a server back.' },
          ),
        ),
        persistentVolumeClaimRetentionPolicy: s.optional(
          s.object(
            { whenDeleted: retention('the set is deleted'), whenScaled: retention('a server is scaled away') },
            { description: 'What becomes of the claims made from volumeClaimTemplates.' },
          ),
        ),
      },
      { description: 'What is wanted.' },
    ),
    status: s.optional(
      s.object(
        {
          observedGeneration: s.optional(s.int64({ description: 'The generation of the spec this status speaks of.' })),
          replicas: count('How many servers are wanted.'),
          readyReplicas: count('How many are ready.'),
          availableReplicas: count('How many have been ready for minReadySeconds.'),
          currentReplicas: count('How many pods exist, those on their way out included.'),
          updatedReplicas: count('How many run the current template.'),
          updatedReadyReplicas: s.optional(count('How many run the current template and are ready.')),
          maintainingReplicas: s.optional(count('How many are in opsState Maintaining.')),
          waitToBeDeletedReplicas: s.optional(count('How many are in opsState WaitToBeDeleted.')),
          preDeleteReplicas: s.optional(count('How many wait in their preDelete hook.')),
          labelSelector: s.optional(s.string({ description: 'Selects the pods of the set, for autoscalers.' })),
          conditions: s.optional(
            s.list(
              s.object({
                type: s.string({ description: 'What the condition is about.' }),
                status: s.string({ description: 'True, False or Unknown.' }),
                observedGeneration: s.optional(s.int64({ description: 'The generation of the spec the condition speaks of.' })),
                lastTransitionTime: s.optional(s.time({ description: 'When the status last changed.' })),
                reason: s.optional(s.string({ description: 'Why, in one CamelCase word.' })),
                message: s.optional(s.string({ description: 'Why, for people.' })),
              }),
              { listType: 'map', mapKeys: ['type'], description: 'What stands in the way of the set, if anything.' },
            ),
          ),
        },
        { description: 'What is seen.' },
      ),
    ),
  },
  { description: 'GameServerSet keeps a number of game servers alive, each with an id, an address and a life of its own.' },
)

export type GameServerSet = KubeObject & Infer<typeof schema>
export type GameServerSetSpec = GameServerSet['spec']
export type GameServerSetStatus = NonNullable<GameServerSet['status']>

export const gameServerSets: ResourceType<GameServerSet> = {
  group: 'game.kruise.io',
  version: 'v1alpha1',
  plural: 'gameserversets',
  kind: 'GameServerSet',
  namespaced: true,
}

const column = (name: string, jsonPath: string, description: string) => ({ name, type: 'integer' as const, jsonPath, description })

export const gameServerSetCrd = customResourceDefinition({
  group: gameServerSets.group,
  version: gameServerSets.version,
  kind: gameServerSets.kind,
  plural: gameServerSets.plural,
  shortNames: ['gss'],
  scope: 'Namespaced',
  schema,
  status: true,
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.labelSelector' },
  columns: [
    column('DESIRED', '.spec.replicas', 'The desired number of game servers'),
    column('CURRENT', '.status.currentReplicas', 'The number of game servers that exist'),
    column('UPDATED', '.status.updatedReplicas', 'The number of game servers with the current template'),
    column('READY', '.status.readyReplicas', 'The number of game servers that are ready'),
    column('Maintaining', '.status.maintainingReplicas', 'The number of game servers in maintenance'),
    column('WaitToBeDeleted', '.status.waitToBeDeletedReplicas', 'The number of game servers waiting to be deleted'),
    column('PreDelete', '.status.preDeleteReplicas', 'The number of game servers in their preDelete hook'),
    { name: 'AGE', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'The age of the set' },
  ],
})
