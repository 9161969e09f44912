import { s } from '../../schema/builder.ts'
import { customResourceDefinition } from '../../schema/crd.ts'
import { podTemplateSchema } from '../core/pod-template.ts'
import { defaults } from './defaults.ts'
import { gameServers } from './game-server.ts'
import { scheduling } from './members.ts'
import { evictionSafeties, gameServerStates, portPolicies, portProtocols, sdkLogLevels } from './states.ts'

const portNumber = (description: string) => s.int32({ minimum: 1, maximum: 65_535, description })

export const port = s.object({
  name: s.optional(s.string({ description: 'Name of the port.' })),
  range: s.optional(s.string<string>({ default: defaults.portRange, description: 'Name of the range a host port is chosen from.' })),
  portPolicy: s.optional(
    s.string({
      enum: portPolicies,
      default: defaults.portPolicy,
      description:
        'Dynamic (default) chooses a free host port; Static takes the one given; Passthrough makes the container listen on the chosen one; None needs no host port.',
    }),
  ),
  container: s.optional(s.nullable(s.string({ description: 'Container that listens; the game’s by default.' }))),
  containerPort: s.optional(portNumber('Port on which the container listens.')),
  hostPort: s.optional(portNumber('Port of the node.')),
  protocol: s.optional(
    s.string({ enum: portProtocols, default: defaults.protocol, description: 'UDP (default), TCP, or TCPUDP for both.' }),
  ),
})

export const counter = s.object({
  count: s.optional(s.int64({ minimum: 0, default: 0, description: 'How many there are.' })),
  capacity: s.optional(s.int64({ minimum: 0, default: defaults.counterCapacity, description: 'How many there can be.' })),
})

export const list = s.object({
  capacity: s.optional(
    s.int64({ minimum: 0, maximum: defaults.listCapacity, default: defaults.listCapacity, description: 'How many values there can be.' }),
  ),
  values: s.optional(
    s.list(s.string(), { listType: 'set', maxItems: defaults.listCapacity, default: [], description: 'The values, each once.' }),
  ),
})

const counters = s.map(counter, { maxProperties: defaults.mostKeys, description: 'Counters by name, such as rooms.' })
const lists = s.map(list, { maxProperties: defaults.mostKeys, description: 'Lists by name, such as players.' })

const health = s.object(
  {
    disabled: s.optional(s.boolean({ default: false, description: 'Whether nobody asks for signs of life.' })),
    periodSeconds: s.optional(s.int32({ minimum: 0, default: defaults.healthPeriod, description: 'Seconds in which a ping has to come.' })),
    failureThreshold: s.optional(
      s.int32({ minimum: 1, default: defaults.healthFailures, description: 'Pings missed in a row until it is Unhealthy.' }),
    ),
    initialDelaySeconds: s.optional(
      s.int32({ minimum: 0, default: defaults.healthInitialDelay, description: 'Seconds after the start in which none is missed.' }),
    ),
  },
  { description: 'Signs of life that the game gives over the SDK.' },
)

/** GameServer.spec, which Fleets and GameServerSets carry in their template. */
export const gameServerSpec = s.object(
  {
    container: s.optional(
      s.string({
        maxLength: 63,
        pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
        description: 'The container of the game; needed when there are several.',
      }),
    ),
    ports: s.optional(s.nullable(s.list(port, { description: 'Ports by which players reach the server.' }))),
    health: s.optional(health),
    scheduling: s.optional(scheduling),
    sdkServer: s.optional(
      s.object(
        {
          logLevel: s.optional(s.string({ enum: sdkLogLevels, default: defaults.sdkLogLevel, description: 'What the sidecar logs.' })),
          grpcPort: s.optional({ ...portNumber('Where it serves gRPC.'), default: defaults.sdkGrpcPort }),
          httpPort: s.optional({ ...portNumber('Where it serves REST.'), default: defaults.sdkHttpPort }),
        },
        { description: 'The sidecar that serves the SDK.' },
      ),
    ),
    players: s.optional(
      s.object(
        { initialCapacity: s.optional(s.int64({ minimum: 0, description: 'How many players there can be at first.' })) },
        { description: 'Players, where their tracking is on.' },
      ),
    ),
    counters: s.optional(counters),
    lists: s.optional(lists),
    eviction: s.optional(
      s.object(
        {
          safe: s.optional(
            s.string({ enum: evictionSafeties, default: defaults.eviction, description: 'When: Always, OnUpgrade, or Never (default).' }),
          ),
        },
        { description: 'Whether nodes may be emptied of this server.' },
      ),
    ),
    immutableReplicas: s.optional(
      s.int32({ minimum: 1, maximum: 1, default: 1, description: 'Always 1: disruption budgets ask for the scale of what owns a pod.' }),
    ),
    template: podTemplateSchema(),
  },
  { description: 'What is wanted of this server.' },
)

export const statusAddress = s.object({
  type: s.optional(
    s.string({ description: 'Hostname, InternalIP, ExternalIP, InternalDNS, ExternalDNS, PodIP, or another one that says what it is.' }),
  ),
  address: s.optional(s.string({ description: 'An IP address or a name.' })),
})

export const schema = s.object(
  {
    spec: gameServerSpec,
    status: s.optional(
      s.object(
        {
          state: s.optional(s.string({ enum: gameServerStates, description: 'Where the server is in its life.' })),
          ports: s.optional(
            s.nullable(
              s.list(
                s.object({
                  name: s.optional(s.string({ description: 'Name of the port.' })),
                  port: s.optional(s.int32({ description: 'Where players connect.' })),
                }),
                { description: 'Ports by which players reach the server.' },
              ),
            ),
          ),
          address: s.optional(s.string({ description: 'Where players connect.' })),
          addresses: s.optional(s.nullable(s.list(statusAddress, { description: 'All addresses of the node and the pod.' }))),
          nodeName: s.optional(s.string({ description: 'The node it runs on.' })),
          reservedUntil: s.optional(s.nullable(s.time({ description: 'When it becomes Ready again.' }))),
          players: s.optional(
            s.nullable(
              s.object({
                count: s.optional(s.int64({ description: 'How many players there are.' })),
                capacity: s.optional(s.int64({ description: 'How many there can be.' })),
                ids: s.optional(s.nullable(s.list(s.string(), { listType: 'set', description: 'Who they are.' }))),
              }),
            ),
          ),
          counters: s.optional(s.nullable(counters)),
          lists: s.optional(s.nullable(lists)),
          eviction: s.optional(
            s.nullable(s.object({ safe: s.optional(s.string({ enum: evictionSafeties, description: 'As in the spec.' })) })),
          ),
          immutableReplicas: s.optional(s.int32({ minimum: 1, maximum: 1, default: 1, description: 'Always 1.' })),
        },
        { description: 'What is seen of this server.' },
      ),
    ),
  },
  { description: 'GameServer is one server of its own: a pod with ports, an address and a state.' },
)

/** Without a status subresource, as clients expect: whoever may change a GameServer may change its state. */
export const gameServerCrd = customResourceDefinition({
  ...gameServers,
  shortNames: ['gs'],
  scope: 'Namespaced',
  schema,
  scale: { specReplicasPath: '.spec.immutableReplicas', statusReplicasPath: '.status.immutableReplicas' },
  columns: [
    { name: 'State', type: 'string', jsonPath: '.status.state' },
    { name: 'Address', type: 'string', jsonPath: '.status.address' },
    { name: 'Port', type: 'string', jsonPath: '.status.ports[0].port' },
    { name: 'Node', type: 'string', jsonPath: '.status.nodeName' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
})
