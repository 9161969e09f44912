/** The GameServerSets of a Fleet: which is the active one, what a new one looks like, what they add up to. Pure. */
import type { Fleet, FleetStatus } from '../../../apis/agones.dev/fleet.ts'
import type { GameServerSet } from '../../../apis/agones.dev/game-server-set.ts'
import { labels } from '../../../apis/agones.dev/labels.ts'
import type { DeepReadonly, New } from '../../../kube/object.ts'
import { controllerReference } from '../../../kube/owner-reference.ts'
import { equalJson } from '../../../schema/json.ts'
import { canFollow, inPlaceNotes, isPaused, notesForSet, notesOfFleet } from '../update-policy.ts'
import type { Share } from './balance.ts'

type Set = DeepReadonly<GameServerSet>

export interface FleetSets {
  /** Made from the Fleet's template, or able to follow it in place. Undefined: it has to be made. */
  readonly active: Set | undefined
  /** Those of older templates, the oldest first. */
  readonly rest: readonly Set[]
}

export function setsOf(fleet: DeepReadonly<Fleet>, owned: readonly Set[]): FleetSets {
  const byAge = owned.toSorted(
    (a, b) =>
      Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) || (a.metadata.name < b.metadata.name ? -1 : 1),
  )
  // Of two with the same template the older one has the servers.
  const same = byAge.find(({ spec }) => equalJson(spec.template, fleet.spec.template))
  const active = same ?? following(fleet, byAge)
  return { active, rest: byAge.filter(set => set !== active) }
}

/** The set that goes on with a template which none was made from. While updates are paused that is the newest: no other one begins. */
function following(fleet: DeepReadonly<Fleet>, byAge: readonly Set[]): Set | undefined {
  if (isPaused(fleet)) return byAge.at(-1)
  return inPlaceNotes(fleet) === undefined ? undefined : byAge.findLast(({ spec }) => canFollow(spec.template, fleet.spec.template))
}

export function newSet(fleet: DeepReadonly<Fleet>, name: string, replicas: number): New<GameServerSet> {
  const { template } = fleet.spec
  const notes = notesForSet(fleet)
  return {
    metadata: {
      name,
      namespace: fleet.metadata.namespace ?? 'default',
      labels: { ...template.metadata?.labels, [labels.fleet]: fleet.metadata.name },
      ...(Object.keys(notes).length > 0 && { annotations: notes }),
      ownerReferences: [controllerReference(fleet)],
    },
    spec: { replicas, template: structuredClone(template) as GameServerSet['spec']['template'], ...sharedSpec(fleet) },
  }
}

/**
 * The JSON patch that has the active set follow its Fleet in place: template, and how it is brought to the servers. Empty when it does.
 * A merge patch would keep what the new template leaves out.
 */
export function followingPatch(fleet: DeepReadonly<Fleet>, { metadata, spec }: Set): object[] {
  const { template } = fleet.spec
  const own = metadata.annotations ?? {}
  const others = Object.fromEntries(Object.entries(own).filter(([name]) => !notesOfFleet.includes(name)))
  const wanted = { ...others, ...notesForSet(fleet) }
  const steps = [
    ...(equalJson(own, wanted) ? [] : [{ op: 'add', path: '/metadata/annotations', value: wanted }]),
    ...(equalJson(spec.template, template) || isPaused(fleet) ? [] : [{ op: 'replace', path: '/spec/template', value: template }]),
  ]
  return steps.length === 0 ? [] : [{ op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion }, ...steps]
}

/** What a Fleet tells its active set without a rollout. */
export function sharedSpec({ spec }: DeepReadonly<Fleet>): Pick<GameServerSet['spec'], 'scheduling' | 'priorities' | 'allocationOverflow'> {
  const { scheduling, priorities, allocationOverflow } = structuredClone(spec) as Fleet['spec']
  return {
    ...(scheduling !== undefined && { scheduling }),
    ...(priorities !== undefined && { priorities }),
    ...(allocationOverflow !== undefined && { allocationOverflow }),
  }
}

export function shareOf({ metadata, spec, status }: Set): Share {
  return {
    name: metadata.name,
    wanted: spec.replicas,
    replicas: status?.replicas ?? 0,
    ready: status?.readyReplicas ?? 0,
    reserved: status?.reservedReplicas ?? 0,
    allocated: status?.allocatedReplicas ?? 0,
    leaving: status?.shutdownReplicas ?? 0,
  }
}

/** What has no servers and shall have none. */
export function isDone({ spec, status }: Set): boolean {
  return spec.replicas === 0 && (status?.replicas ?? 0) === 0 && (status?.shutdownReplicas ?? 0) === 0
}

export function fleetStatus({ metadata: { name }, spec: { template } }: DeepReadonly<Fleet>, sets: readonly Set[]): FleetStatus {
  const total = (of: (status: NonNullable<Set['status']>) => number | undefined, counts: (set: Set) => boolean = () => true): number =>
    sets.filter(counts).reduce((sum, { status }) => sum + ((status && of(status)) ?? 0), 0)
  const counters = totalsOf(sets, 'counters')
  const lists = totalsOf(sets, 'lists')
  return {
    replicas: total(status => status.replicas),
    updatedReplicas: total(
      status => status.updatedReplicas,
      ({ spec }) => equalJson(spec.template, template),
    ),
    readyReplicas: total(status => status.readyReplicas),
    reservedReplicas: total(status => status.reservedReplicas),
    allocatedReplicas: total(status => status.allocatedReplicas),
    ...(counters !== undefined && { counters }),
    ...(lists !== undefined && { lists }),
    labelSelector: `${labels.fleet}=${name}`,
  }
}

type Totals = NonNullable<FleetStatus['counters']>

function totalsOf(sets: readonly Set[], kind: 'counters' | 'lists'): Totals | undefined {
  const sums: Totals = {}
  for (const { status } of sets) {
    for (const [key, values] of Object.entries(status?.[kind] ?? {})) {
      const sum = (sums[key] ??= {})
      for (const name of ['allocatedCount', 'allocatedCapacity', 'count', 'capacity'] as const)
        sum[name] = Math.min(Number.MAX_SAFE_INTEGER, (sum[name] ?? 0) + (values[name] ?? 0))
    }
  }
  return Object.keys(sums).length === 0 ? undefined : sums
}
