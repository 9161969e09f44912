import { annotations, finalizer } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer, GameServerSpec } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerSet } from '../../../apis/agones.dev/game-server-set.ts'
import { labels } from '../../../apis/agones.dev/labels.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import { controllerReference } from '../../../kube/owner-reference.ts'
import { addressNotes } from '../game-server/addresses.ts'
import { type ServerTemplate, templateHash } from '../revision.ts'
import { completeSpec, firstStatus } from '../game-server/complete.ts'
import { numbered } from '../game-server/numbered-ports.ts'

/**
 * A server of a set with everything it needs at creation: its ports have their numbers and its state says so, so that its pod comes next.
 * `hostPorts` are the numbers of the ports that want one; undefined: none were free, and the server waits for them.
 */
export function newServer(
  set: DeepReadonly<GameServerSet>,
  name: string,
  hostPorts: readonly number[] | undefined,
  sdkVersion: string,
): New<GameServer> {
  const { spec: given } = set.spec.template
  const ports = numbered(given.ports ?? [], hostPorts)
  const spec = { ...(completeSpec(given) as GameServerSpec), ...(ports !== undefined && given.ports && { ports }) }
  if (set.spec.scheduling !== undefined) spec.scheduling = set.spec.scheduling
  const status = firstStatus(given)
  return {
    metadata: {
      name,
      namespace: set.metadata.namespace ?? 'default',
      ...madeMetadata(set, set.spec.template, sdkVersion),
      finalizers: [finalizer],
      ownerReferences: [controllerReference(set)],
    },
    spec,
    status: { ...status, state: ports === undefined ? 'PortAllocation' : 'Creating' },
  }
}

/** Labels and annotations that a server of the set gets with a template. */
export function madeMetadata(
  { metadata: { name, labels: own, annotations: told } }: DeepReadonly<GameServerSet>,
  template: ServerTemplate,
  sdkVersion: string,
): { labels: Record<string, string>; annotations: Record<string, string> } {
  const fleet = own?.[labels.fleet]
  return {
    labels: {
      ...template.metadata?.labels,
      [labels.gameServerSet]: name,
      ...(fleet !== undefined && { [labels.fleet]: fleet }),
      [labels.revision]: templateHash(template),
    },
    annotations: {
      ...addressNotes(told),
      ...template.metadata?.annotations,
      [annotations.sdkVersion]: sdkVersion,
    },
  }
}
