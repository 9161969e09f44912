/** The pod of a GameServer, exactly as Agones builds it. Pure. */
import { withHostPorts } from '../../../addresses/backend.ts'
import type { PodPorts } from '../../../addresses/engine.ts'
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import { gameServerRole, labels } from '../../../apis/agones.dev/labels.ts'
import type { EvictionSafety } from '../../../apis/agones.dev/states.ts'
import type { Container, ContainerPort, EnvVar, Pod, PodSpec } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import { controllerReference } from '../../../kube/owner-reference.ts'
import type { AgonesConfig } from '../context.ts'
import { completeSpec, type CompletePort, type CompleteSpec } from './complete.ts'
import type { Changed } from './changed.ts'
import { directedImages, wantedImage } from './directed.ts'

/** What an installation says of the sidecar that serves the SDK. */
export interface Sidecar {
  readonly image: string
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  /** Instead of the image's own. */
  readonly command?: readonly string[]
  readonly requests?: Readonly<Record<string, string>>
  readonly limits?: Readonly<Record<string, string>>
  /** All gates, as `A=true&B=false`. */
  readonly featureGates: string
  /** As a Go duration, such as 500ms. */
  readonly requestRateLimit: string
}

export const sidecarName = 'agones-gameserver-sidecar'
export const sdkServiceAccount = 'agones-sdk'

/** Where the sidecar answers kubelet; taken on the pod's network. */
const healthPort = 8080
const tokenFolder = '/var/run/secrets/kubernetes.io/serviceaccount'
/** The user a container runs as that must not be root. */
const sidecarUser = 1000

/** The pod of a server whose ports have their numbers; `hostPorts` are those that its network wants in addition. */
export function newPod(
  server: DeepReadonly<GameServer>,
  config: Pick<AgonesConfig, 'sidecar' | 'cloudProduct' | 'gates'>,
  hostPorts: readonly PodPorts[] = [],
): New<Pod> {
  const spec = completeSpec(server.spec)
  const { metadata, spec: template } = spec.template
  const { name, namespace = 'default' } = server.metadata
  const given = (template ?? { containers: [] }) as PodSpec
  const made = podMetadata(server, config.gates)
  const directed = directedImages(server).filter(one => given.containers.some(container => container.name === one.name))
  const whole = podSpec(name, spec, withDirectedImages(server, given), config.sidecar)
  const pod: New<Pod> = {
    metadata: {
      name,
      namespace,
      labels: made.labels,
      annotations: { ...made.annotations, ...(directed.length > 0 && { [annotations.changedInPlace]: madeWith(directed) }) },
      ...(metadata?.finalizers !== undefined && { finalizers: [...metadata.finalizers] }),
      ownerReferences: [...(metadata?.ownerReferences ?? []), controllerReference(server)],
    },
    spec: { ...whole, containers: whole.containers.map(container => withHostPorts(container, hostPorts)) },
  }
  return config.cloudProduct.finishPod(pod, spec)
}

/** Labels and annotations that the pod of a server gets; what we need of them wins over the template. */
export function podMetadata(
  server: DeepReadonly<GameServer>,
  { AutopilotPassthroughPort: isPassed }: AgonesConfig['gates'],
): { labels: Record<string, string>; annotations: Record<string, string> } {
  const spec = completeSpec(server.spec)
  const { metadata, spec: template } = spec.template
  const eviction = evictionMarks(server.status?.eviction?.safe ?? spec.eviction?.safe ?? 'Never')
  const passthrough = isPassed ? passthroughPorts(spec, (template ?? { containers: [] }) as PodSpec) : undefined
  const sdkVersion = server.metadata.annotations?.[annotations.sdkVersion]
  return {
    labels: {
      ...eviction.labels,
      ...metadata?.labels,
      ...ownerLabels(server),
      [labels.role]: gameServerRole,
      [labels.gameServer]: server.metadata.name,
    },
    annotations: {
      ...eviction.annotations,
      ...metadata?.annotations,
      [annotations.container]: spec.container,
      ...(sdkVersion !== undefined && { [annotations.sdkVersion]: sdkVersion }),
      ...(passthrough !== undefined && { [annotations.passthroughPorts]: JSON.stringify(passthrough) }),
    },
  }
}

function withDirectedImages(server: DeepReadonly<GameServer>, template: PodSpec): PodSpec {
  const own = (container: Container): Container => {
    const image = wantedImage(server, container.name)
    return image === '' ? container : { ...container, image }
  }
  return { ...template, containers: template.containers.map(own) }
}

/** The pod's record, so that it is known what to take back when a directed image is taken off. */
function madeWith(directed: readonly { readonly name: string; readonly image: string }[]): string {
  const record: Changed = {
    images: Object.fromEntries(directed.map(({ name, image }) => [name, image])),
    before: {},
    directed: directed.map(({ name }) => name),
  }
  return JSON.stringify(record)
}

/** By these the selectors that Fleets and GameServerSets publish find their pods: autoscalers ask for them. Agones selects nothing. */
function ownerLabels({ metadata }: DeepReadonly<GameServer>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata.labels ?? {}).filter(([key]) => key === labels.fleet || key === labels.gameServerSet))
}

function podSpec(name: string, spec: CompleteSpec, template: PodSpec, sidecar: Sidecar): PodSpec {
  const isMasked = (template.serviceAccountName ?? '') === ''
  const env: EnvVar[] = [
    { name: 'AGONES_SDK_GRPC_PORT', value: String(spec.sdkServer.grpcPort) },
    { name: 'AGONES_SDK_HTTP_PORT', value: String(spec.sdkServer.httpPort) },
  ]
  const own = (container: Container): Container => {
    const ports = spec.ports.filter(port => port.container === container.name).flatMap(containerPorts)
    const isGame = container.name === spec.container
    return {
      ...container,
      ...(ports.length > 0 && { ports: [...(container.ports ?? []), ...ports] }),
      ...(isGame && !spec.health.disabled && container.livenessProbe === undefined && { livenessProbe: gameProbe(spec) }),
      ...(isGame &&
        isMasked && {
          volumeMounts: [...(container.volumeMounts ?? []), { mountPath: tokenFolder, name: 'empty', readOnly: true }],
        }),
      env: [...(container.env ?? []).filter(({ name: variable }) => !env.some(({ name: ours }) => ours === variable)), ...env],
    }
  }
  return {
    ...template,
    hostname: template.hostname || name.replaceAll('.', '-'),
    restartPolicy: template.restartPolicy ?? 'Never',
    initContainers: [sidecarContainer(name, spec, sidecar), ...(template.initContainers ?? []).map(own)],
    containers: template.containers.map(own),
    ...(isMasked && {
      serviceAccountName: sdkServiceAccount,
      volumes: [...(template.volumes ?? []), { name: 'empty', emptyDir: {} }],
    }),
    ...(spec.scheduling === 'Packed' && { affinity: packed(template.affinity) }),
  }
}

function containerPorts({ containerPort, hostPort, portPolicy, protocol }: CompletePort): ContainerPort[] {
  if (portPolicy === 'None' && containerPort === undefined) return []
  const protocols = protocol === 'TCPUDP' ? (['TCP', 'UDP'] as const) : [protocol]
  return protocols.map(one => ({
    containerPort: (portPolicy === 'Passthrough' ? hostPort : containerPort) ?? 0,
    ...(portPolicy !== 'None' && hostPort !== undefined && { hostPort }),
    protocol: one,
  }))
}

function gameProbe({ health }: CompleteSpec): NonNullable<Container['livenessProbe']> {
  return {
    httpGet: { path: '/gshealthz', port: healthPort },
    initialDelaySeconds: health.initialDelaySeconds,
    periodSeconds: health.periodSeconds,
    failureThreshold: health.failureThreshold,
  }
}

/** Starts before the game and ends after it: an init container that restarts. */
function sidecarContainer(server: string, { sdkServer }: CompleteSpec, sidecar: Sidecar): Container {
  const { requests, limits } = sidecar
  return {
    name: sidecarName,
    image: sidecar.image,
    ...(sidecar.imagePullPolicy !== undefined && { imagePullPolicy: sidecar.imagePullPolicy }),
    ...(sidecar.command !== undefined && { command: [...sidecar.command] }),
    args: [`--grpc-port=${sdkServer.grpcPort}`, `--http-port=${sdkServer.httpPort}`],
    restartPolicy: 'Always',
    env: [
      { name: 'GAMESERVER_NAME', value: server },
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'FEATURE_GATES', value: sidecar.featureGates },
      { name: 'LOG_LEVEL', value: sdkServer.logLevel },
      { name: 'REQUESTS_RATE_LIMIT', value: sidecar.requestRateLimit },
    ],
    resources: { ...(requests !== undefined && { requests: { ...requests } }), ...(limits !== undefined && { limits: { ...limits } }) },
    livenessProbe: { httpGet: { path: '/healthz', port: healthPort }, initialDelaySeconds: 3, periodSeconds: 3 },
    securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: sidecarUser },
  }
}

/** Full nodes are filled first, so that empty ones can go. */
function packed(affinity: PodSpec['affinity']): NonNullable<PodSpec['affinity']> {
  const podAffinity = affinity?.podAffinity
  return {
    ...affinity,
    podAffinity: {
      ...podAffinity,
      preferredDuringSchedulingIgnoredDuringExecution: [
        ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
        {
          weight: 100,
          podAffinityTerm: { labelSelector: { matchLabels: { [labels.role]: gameServerRole } }, topologyKey: 'kubernetes.io/hostname' },
        },
      ],
    },
  }
}

/** What users have set themselves wins. */
function evictionMarks(safe: EvictionSafety): { labels: Record<string, string>; annotations: Record<string, string> } {
  return {
    labels: { [labels.safeToEvict]: safe === 'Never' ? 'false' : 'true' },
    annotations: { [annotations.clusterAutoscalerSafeToEvict]: safe === 'Always' ? 'true' : 'false' },
  }
}

/** Which ports of which container get the number of the node; undefined when there are none. Those of the template come first. */
function passthroughPorts({ ports }: CompleteSpec, { containers, initContainers = [] }: PodSpec): Record<string, number[]> | undefined {
  const next = new Map([...initContainers, ...containers].map(container => [container.name, container.ports?.length ?? 0]))
  const found: Record<string, number[]> = {}
  for (const port of ports) {
    for (const _ of containerPorts(port)) {
      const index = next.get(port.container) ?? 0
      next.set(port.container, index + 1)
      if (port.portPolicy === 'Passthrough') (found[port.container] ??= []).push(index)
    }
  }
  return Object.keys(found).length === 0 ? undefined : found
}
