/** What Agones' defaulting makes of a GameServer: absent fields get their values, the status its beginning. Pure. */
import { annotations, finalizer } from '../../../apis/agones.dev/annotations.ts'
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import type { GameServer, GameServerPort, GameServerSpec, GameServerStatus } from '../../../apis/agones.dev/game-server.ts'
import type { PortPolicy, PortProtocol } from '../../../apis/agones.dev/states.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/** A port of which everything is known but perhaps its numbers. */
export type CompletePort = GameServerPort & { range: string; portPolicy: PortPolicy; protocol: PortProtocol; container: string }

export interface CompleteSpec extends Omit<GameServerSpec, 'ports' | 'health' | 'sdkServer' | 'scheduling' | 'container'> {
  container: string
  ports: CompletePort[]
  health: { disabled: boolean; periodSeconds: number; failureThreshold: number; initialDelaySeconds: number }
  sdkServer: { logLevel: NonNullable<NonNullable<GameServerSpec['sdkServer']>['logLevel']>; grpcPort: number; httpPort: number }
  scheduling: NonNullable<GameServerSpec['scheduling']>
}

/** The spec with every default. A new one: nothing of the given object is changed. */
export function completeSpec(given: DeepReadonly<GameServerSpec>): CompleteSpec {
  const spec = structuredClone(given) as GameServerSpec
  const containers = spec.template.spec?.containers ?? []
  // The only container is the game's, whatever is written.
  const container = containers.length === 1 ? (containers[0]?.name ?? '') : (spec.container ?? '')
  const { disabled = false, periodSeconds = 0, failureThreshold = 0, initialDelaySeconds = 0 } = spec.health ?? {}
  return {
    ...spec,
    container,
    ports: (spec.ports ?? []).map(port => completePort(port, container)),
    health: {
      disabled,
      periodSeconds: disabled || periodSeconds > 0 ? periodSeconds : defaults.healthPeriod,
      failureThreshold: disabled || failureThreshold > 0 ? failureThreshold : defaults.healthFailures,
      initialDelaySeconds: disabled || initialDelaySeconds > 0 ? initialDelaySeconds : defaults.healthInitialDelay,
    },
    sdkServer: {
      logLevel: spec.sdkServer?.logLevel ?? defaults.sdkLogLevel,
      grpcPort: spec.sdkServer?.grpcPort ?? defaults.sdkGrpcPort,
      httpPort: spec.sdkServer?.httpPort ?? defaults.sdkHttpPort,
    },
    scheduling: spec.scheduling ?? defaults.scheduling,
    eviction: { safe: spec.eviction?.safe ?? defaults.eviction },
  }
}

function completePort(port: GameServerPort, container: string): CompletePort {
  return {
    ...port,
    range: port.range ?? defaults.portRange,
    portPolicy: port.portPolicy ?? defaults.portPolicy,
    protocol: port.protocol ?? defaults.protocol,
    container: port.container || container,
  }
}

/** Whether the controller has to choose the number on the node. */
export function isChosen({ portPolicy }: { readonly portPolicy?: PortPolicy }): boolean {
  return portPolicy === undefined || portPolicy === 'Dynamic' || portPolicy === 'Passthrough'
}

/** The status of a server that nobody has looked at yet. */
export function firstStatus(spec: DeepReadonly<GameServerSpec>): GameServerStatus {
  const isSafe = spec.template.metadata?.annotations?.[annotations.clusterAutoscalerSafeToEvict] === 'true'
  return {
    state: (spec.ports ?? []).some(isChosen) ? 'PortAllocation' : 'Creating',
    ports: null,
    address: '',
    addresses: null,
    nodeName: '',
    reservedUntil: null,
    eviction: { safe: isSafe ? 'Always' : (spec.eviction?.safe ?? defaults.eviction) },
    immutableReplicas: 1,
    ...(spec.counters !== undefined && { counters: structuredClone(spec.counters) as NonNullable<GameServerStatus['counters']> }),
    ...(spec.lists !== undefined && { lists: structuredClone(spec.lists) as NonNullable<GameServerStatus['lists']> }),
  }
}

/** The whole object as Agones would have stored it; what was given of a status is kept. */
export function complete(server: DeepReadonly<GameServer>, sdkVersion: string): GameServer {
  const { spec, metadata } = server
  const finalizers = metadata.finalizers ?? []
  const { container, ...others } = completeSpec(spec)
  return {
    ...(structuredClone(server) as GameServer),
    metadata: {
      ...(structuredClone(metadata) as GameServer['metadata']),
      annotations: { ...metadata.annotations, [annotations.sdkVersion]: sdkVersion },
      finalizers: finalizers.includes(finalizer) ? [...finalizers] : [...finalizers, finalizer],
    },
    spec: { ...others, ...(container !== '' && { container }) } as GameServerSpec,
    status: { ...firstStatus(spec), ...(structuredClone(server.status) as GameServerStatus | undefined) },
  }
}
