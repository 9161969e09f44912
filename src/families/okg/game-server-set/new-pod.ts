import { withHostPorts } from '../../../addresses/backend.ts'
import type { PodPorts } from '../../../addresses/engine.ts'
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Container, Pod } from '../../../apis/core/types.generated.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import { controllerReference } from '../../../kube/owner-reference.ts'
import type { Instant, Revision } from '../../../servers/model.ts'
import { intentLabels, syncedMetadata } from '../game-server/intent.ts'
import { notReadyNetworkText } from '../game-server/network-status.ts'
import { inPlaceUpdateReady } from '../names.ts'

export interface NewPodInput {
  readonly set: DeepReadonly<GameServerSet>
  readonly key: { readonly name: string; readonly ordinal: number }
  readonly revision: Revision
  /** The server's own object, when it outlived its pod. */
  readonly server: DeepReadonly<GameServer> | undefined
  /** Host ports given to this pod. */
  readonly hostPorts: readonly PodPorts[]
  readonly now: Instant
}

/**
 * A new pod with everything it will ever need at creation: all labels, the first network status, directed overrides and host ports, so that
 * no write has to follow until it is ready.
 */
export function newPod({ set, key, revision, server, hostPorts, now }: NewPodInput): New<Pod> {
  const { template } = revision
  const spec = template.spec
  const synced = syncedMetadata(server)
  const gates = spec?.readinessGates ?? []
  return {
    metadata: {
      name: key.name,
      namespace: set.metadata.namespace ?? 'default',
      labels: {
        ...template.metadata?.labels,
        ...synced.labels,
        ...intentLabels(server),
        [labels.ownerSet]: set.metadata.name,
        [labels.state]: 'Creating',
        [labels.revision]: revision.id,
        [labels.podName]: key.name,
        [labels.podIndex]: String(key.ordinal),
      },
      annotations: {
        ...template.metadata?.annotations,
        ...synced.annotations,
        ...(set.spec.network && { [annotations.networkStatus]: notReadyNetworkText }),
        [annotations.opsStateLastChangedTime]: formatTime(now),
      },
      ownerReferences: [controllerReference(set)],
    },
    spec: {
      ...(spec as Pod['spec']),
      containers: (spec?.containers ?? []).map(container => overridden(container, server, hostPorts)),
      readinessGates: gates.some(gate => gate.conditionType === inPlaceUpdateReady)
        ? [...gates]
        : [...gates, { conditionType: inPlaceUpdateReady }],
      hostname: key.name,
      subdomain: set.spec.serviceName ?? set.metadata.name,
    },
  }
}

function overridden(
  container: DeepReadonly<Container>,
  server: DeepReadonly<GameServer> | undefined,
  hostPorts: readonly PodPorts[],
): Container {
  const own = server?.spec?.containers?.find(({ name }) => name === container.name)
  const result = { ...withHostPorts(container as Container, hostPorts) }
  if (own?.image !== undefined && own.image !== '') result.image = own.image
  if (own?.resources !== undefined) {
    // Only cpu and memory can be overridden, as in the original.
    const merged = (kind: 'limits' | 'requests') => ({ ...container.resources?.[kind], ...cpuAndMemory(own.resources?.[kind]) })
    const [limits, requests] = [merged('limits'), merged('requests')]
    result.resources = {
      ...(container.resources as Container['resources']),
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(Object.keys(requests).length > 0 && { requests }),
    }
  }
  return result
}

function cpuAndMemory(resources: Readonly<Record<string, string | number>> | undefined): Record<string, string | number> {
  return Object.fromEntries(Object.entries(resources ?? {}).filter(([name]) => name === 'cpu' || name === 'memory'))
}
