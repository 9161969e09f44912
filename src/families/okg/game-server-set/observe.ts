/** From the objects of a set to the engine's terms. */
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { ControllerRevision, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { controllerOf } from '../../../kube/owner-reference.ts'
import type { ContainerOverride, Member, Revision, RevisionId, Template, Wanted } from '../../../servers/model.ts'
import { memoryOf, reservedIdsOf } from './memory.ts'
import { memberOf } from './member.ts'
import { scalePolicyOf, updatePolicyOf } from './policy.ts'
import { storedTemplate } from './revisions.ts'

export interface Observed {
  readonly set: DeepReadonly<GameServerSet>
  /** Pods that the set controls. */
  readonly pods: readonly DeepReadonly<Pod>[]
  readonly revisions: readonly DeepReadonly<ControllerRevision>[]
  /** GameServers of the set that override containers. */
  readonly overriding: readonly DeepReadonly<GameServer>[]
  readonly target: Revision
  readonly isDeleting: (pod: DeepReadonly<Pod>) => boolean
}

export function membersOf({ set, pods, isDeleting }: Observed): Member[] {
  const members = pods.map(pod => memberOf(pod, set, isDeleting(pod)))
  return members.filter(({ ordinal }) => ordinal !== undefined)
}

export function wantedOf(observed: Observed, members: readonly Member[]): Wanted {
  const { set, target } = observed
  const { spec } = set
  const memory = memoryOf(set)
  const stable = stableRevision(observed, members)
  return {
    replicas: spec.replicas,
    identity: { kind: 'ordinal', prefix: `${set.metadata.name}-`, reserved: reservedIdsOf(set), ...(memory !== undefined && { memory }) },
    target,
    ...(stable !== undefined && { stable }),
    revisions: templatesOf(observed),
    update: updatePolicyOf(spec),
    scale: scalePolicyOf(spec),
    overrides: overridesOf(observed),
  }
}

function templatesOf({ revisions, target }: Observed): Map<RevisionId, Template> {
  const templates = new Map<RevisionId, Template>()
  for (const revision of revisions) {
    const template = storedTemplate(revision)
    if (template !== undefined) templates.set(revision.metadata.name, template)
  }
  return templates.set(target.id, target.template)
}

/** The newest revision but the target that servers still run: what a partition keeps. */
function stableRevision({ revisions, target }: Observed, members: readonly Member[]): RevisionId | undefined {
  const inUse = new Set(members.filter(({ stage }) => stage !== 'Leaving').map(({ revision }) => revision))
  let newest: DeepReadonly<ControllerRevision> | undefined
  for (const revision of revisions) {
    if (revision.metadata.name === target.id || !inUse.has(revision.metadata.name)) continue
    if (newest === undefined || revision.revision > newest.revision) newest = revision
  }
  return newest?.metadata.name
}

/** Overrides die with their GameServer: one that belongs to a pod that is gone counts no more. */
function overridesOf({ overriding, pods, set }: Observed): ReadonlyMap<string, readonly ContainerOverride[]> {
  if (overriding.length === 0) return new Map()
  const uids = new Map(pods.map(pod => [pod.metadata.name, pod.metadata.uid]))
  const overrides = new Map<string, readonly ContainerOverride[]>()
  for (const server of overriding) {
    const owner = controllerOf(server)?.uid
    if (owner !== set.metadata.uid && owner !== uids.get(server.metadata.name)) continue
    overrides.set(
      server.metadata.name,
      (server.spec?.containers ?? []).map(({ name, image }) => ({ name, ...(image !== undefined && { image }) })),
    )
  }
  return overrides
}
