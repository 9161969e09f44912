import { readFileSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { isAlreadyExists, isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import { formatTime, type Clock } from '../../kube/clock.ts'
import type { DeepReadonly, New } from '../../kube/object.ts'
import { nodes } from '../../apis/core/resources.generated.ts'
import type { Node, NodeCondition } from '../../apis/core/types.generated.ts'
import type { Isolation } from './runtime/runtime.ts'

/** What a node says of itself. */
export interface NodeDescription {
  readonly name: string
  readonly ip: string
  /** Kubernetes quantities for cpu, memory, pods and so on; both capacity and allocatable. */
  readonly capacity: Readonly<Record<string, string>>
  /** How containers are kept apart, or `simulated` when there are none. */
  readonly isolation: Isolation | 'simulated'
  /** Why nothing stronger, in sentences. */
  readonly notes: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
}

/** Shows users how containers are kept apart on a node; the condition {@link sharedHostCondition} says why nothing stronger. */
export const isolationAnnotation = 'berth.dev/isolation'
/** False on a healthy node, as every condition but Ready: game controllers take any other as trouble of the node. */
const sharedHostCondition = 'ContainersShareHost'
/** What earlier versions said the other way round; kept clusters may still have it. */
const formerCondition = 'ContainersIsolated'

const kubeletVersion = 'v1.34.0'

/**
 * What a node offers to pods unless told otherwise. Containers are plain processes without limits, so requests are nominal: the figures are
 * large enough that manifests sized for production servers are scheduled on a laptop, and finite so that nonsense stays Pending.
 */
export function nominalCapacity(): Record<string, string> {
  const cpu = Math.max(32, cpus().length)
  const memoryKi = Math.max(128 * 1024 * 1024, Math.floor(totalmem() / 1024))
  return { cpu: String(cpu), memory: `${memoryKi}Ki`, pods: '500', 'ephemeral-storage': '512Gi' }
}

/**
 * Creates the Node object or brings an existing one up to date. What others keep on it (labels, taints, cordon) stays.
 * @returns the node as stored.
 */
export async function registerNode(client: Client, description: NodeDescription, clock: Clock): Promise<DeepReadonly<Node>> {
  const labels = {
    'kubernetes.io/hostname': description.name,
    'kubernetes.io/os': platform() === 'win32' ? 'windows' : platform(),
    'kubernetes.io/arch': arch() === 'x64' ? 'amd64' : arch(),
    'node.kubernetes.io/instance-type': 'berth-embedded',
    ...description.labels,
  }
  const annotations = { [isolationAnnotation]: description.isolation }
  const { name } = description
  let node: DeepReadonly<Node>
  try {
    node = await client.get(nodes, { name })
    const stale = Object.entries(labels).some(([key, value]) => node.metadata.labels?.[key] !== value)
    if (stale || node.metadata.annotations?.[isolationAnnotation] !== description.isolation) {
      node = await client.patch(nodes, { name }, { metadata: { labels, annotations } }, { type: 'merge' })
    }
  } catch (error) {
    if (!isNotFound(error)) throw error
    node = await create(client, { metadata: { name, labels, annotations }, spec: {} })
  }
  const status = nodeStatus(description, node.status?.conditions ?? [], clock.now())
  return client.patch(nodes, { name }, { status }, { type: 'merge', subresource: 'status' })
}

async function create(client: Client, node: New<Node>): Promise<DeepReadonly<Node>> {
  try {
    return await client.create(nodes, node)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    return client.get(nodes, { name: node.metadata.name ?? '' })
  }
}

function nodeStatus(description: NodeDescription, before: readonly DeepReadonly<NodeCondition>[], now: number) {
  const own = conditions(description).map(condition => {
    const known = before.find(candidate => candidate.type === condition.type)
    const since = known?.status === condition.status ? known.lastTransitionTime : undefined
    return { ...condition, lastHeartbeatTime: formatTime(now), lastTransitionTime: since ?? formatTime(now) }
  })
  const foreign = before.filter(({ type }) => type !== formerCondition && !own.some(candidate => candidate.type === type))
  const simulated = description.isolation === 'simulated'
  return {
    addresses: [
      { type: 'InternalIP', address: description.ip },
      { type: 'ExternalIP', address: description.ip },
      { type: 'Hostname', address: description.name },
    ],
    capacity: description.capacity,
    allocatable: description.capacity,
    conditions: [...foreign, ...own],
    daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    nodeInfo: {
      architecture: arch() === 'x64' ? 'amd64' : arch(),
      operatingSystem: platform(),
      osImage: simulated ? 'simulated' : osName(),
      kernelVersion: release(),
      kubeletVersion,
      kubeProxyVersion: kubeletVersion,
      containerRuntimeVersion: `berth://${description.isolation}`,
      machineID: description.name,
      systemUUID: description.name,
      bootID: description.name,
    },
  }
}

/** `Debian GNU/Linux 12 (bookworm)`, as kubelet shows it; the kernel's name where the system does not say. */
function osName(): string {
  try {
    const name = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    if (name !== undefined) return name
  } catch {
    // Not every system has the file.
  }
  return `${platform()} ${release()}`
}

function conditions(description: NodeDescription): NodeCondition[] {
  return [
    { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
    { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
    { type: 'PIDPressure', status: 'False', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
    { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
    {
      type: sharedHostCondition,
      status: description.isolation === 'loopback' ? 'True' : 'False',
      reason: { namespaces: 'Namespaces', 'user-namespaces': 'UserNamespaces', loopback: 'PlainProcesses', simulated: 'Simulated' }[
        description.isolation
      ],
      message: description.notes.join('; '),
    },
  ]
}
