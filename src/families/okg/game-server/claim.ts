import { backendOf } from '../../../addresses/backend.ts'
import type { Claim } from '../../../addresses/model.ts'
import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

export interface ClaimInput {
  readonly set: DeepReadonly<GameServerSet>
  /** Name of the server and its pod. */
  readonly name: string
  readonly pod: DeepReadonly<Pod> | undefined
  readonly server: DeepReadonly<GameServer> | undefined
  /** Containers about to change; default: those the pod's annotation names. */
  readonly changing?: readonly string[] | undefined
}

/** What the server asks of the address engine; undefined when its set has no network. */
export function claimOf({ set, name, pod, server, changing }: ClaimInput): Claim | undefined {
  const { network } = set.spec
  if (network === undefined) return undefined
  return {
    key: `${set.metadata.namespace ?? 'default'}/${name}`,
    provider: network.networkType,
    parameters: (network.networkConf ?? []).map(parameter => ({ name: parameter.name ?? '', value: parameter.value ?? '' })),
    set: { apiVersion: set.apiVersion, kind: set.kind, name: set.metadata.name, uid: set.metadata.uid },
    selector: { [labels.podName]: name },
    backend: pod === undefined ? undefined : backendOf(pod),
    disabled: server?.spec?.networkDisabled ?? pod?.metadata.labels?.[labels.networkDisabled] === 'true',
    changing: changing ?? changingContainers(pod),
  }
}

function changingContainers(pod: DeepReadonly<Pod> | undefined): string[] {
  const text = pod?.metadata.annotations?.[annotations.updatingContainers]
  return text === undefined || text === '' ? [] : text.split(',')
}
