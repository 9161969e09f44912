/**
 * The notions of the servers engine: what is wanted, what is there, and the steps between. No clock, no I/O, no cloud
 * and no family in them: a family translates its objects into {@link Wanted} and {@link Member}s and applies the plan.
 */
import type { PodTemplateSpec } from '../apis/core/types.generated.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { RangeSet } from './range-set.ts'

/** Milliseconds since the Unix epoch. */
export type Instant = number

/** Names one version of the template; unique within its owner. */
export type RevisionId = string

export type Template = DeepReadonly<PodTemplateSpec>

export interface Revision {
  readonly id: RevisionId
  readonly template: Template
}

/** One key to sort by: the number of that name in {@link Member.rank}; members without it count as 0. */
export interface RankKey {
  readonly by: string
  readonly first: 'highest' | 'lowest'
}

/** Numbered servers (`<set>-<n>`), or servers with made-up names. */
export type Identity =
  | {
      readonly kind: 'ordinal'
      /** Keys are this text followed by the number. */
      readonly prefix: string
      /** Numbers that must not exist; membership beats every protection. */
      readonly reserved: RangeSet
      /** What the last plan asked to remember; see {@link IdentityMemory}. */
      readonly memory?: IdentityMemory
    }
  | {
      readonly kind: 'generated'
      readonly prefix: string
      /** Different in every pass; equal seeds give equal names. */
      readonly seed: string
    }

/**
 * Numbers alone do not tell a hole left by a scale-down from a server that is being re-created. So the holes are
 * remembered, together with the replicas they belong to. Only needed, and only returned, while there are holes below the highest number.
 */
export interface IdentityMemory {
  readonly holes: RangeSet
  readonly replicas: number
}

/** How outdated servers get a new template. */
export type UpdateMode = 'Recreate' | 'InPlaceIfPossible' | 'InPlaceOnly' | 'OnDelete'

export interface UpdatePolicy {
  readonly mode: UpdateMode
  /** Servers to leave on the old revision. */
  readonly partition: number
  /** Servers that may be unavailable at a time, at least 1 to make progress. */
  readonly maxUnavailable: number
  /** Extra servers while recreating; only with generated identity, numbered servers have no spare number. */
  readonly maxSurge: number
  readonly paused: boolean
  readonly minReadySeconds: number
  /**
   * How long a fresh container without readiness probe has to stay up before another server is disturbed, whatever `minReadySeconds`
   * says: an image that crashes as soon as it starts must not take the next server along.
   */
  readonly settleMs: number
  /** Seconds between dropping readiness and changing the image. */
  readonly gracePeriodSeconds: number
  /** Stop when this many servers fail on the target revision. */
  readonly maxFailures?: number
  /** Ties: highest ordinal first, then key. */
  readonly order: readonly RankKey[]
}

export interface ScalePolicy {
  /** Who leaves first. Ties: highest ordinal first, then key. */
  readonly order: readonly RankKey[]
  /** Servers that may be not available while servers are added; unlimited when absent. */
  readonly maxUnavailable?: number
}

/** A directed change of one server; it wins over every template until it is removed. */
export interface ContainerOverride {
  readonly name: string
  readonly image?: string
}

export interface Wanted {
  readonly replicas: number
  readonly identity: Identity
  /** What new servers get, and what outdated ones move to. */
  readonly target: Revision
  /** What new servers get while fewer than `partition` servers run it. */
  readonly stable?: RevisionId
  /** Templates of revisions in use. A server whose revision is not here can only be recreated. */
  readonly revisions: ReadonlyMap<RevisionId, Template>
  readonly update: UpdatePolicy
  readonly scale: ScalePolicy
  /** By server key. */
  readonly overrides: ReadonlyMap<string, readonly ContainerOverride[]>
}

/**
 * `Pending` exists but nothing runs it yet; `Starting` runs, not ready; `Ready` serves (the family decides what that takes);
 * `Changing` is changed in place; `Leaving` will be gone; `Broken` has ended and will not recover by itself.
 */
export type Stage = 'Pending' | 'Starting' | 'Ready' | 'Changing' | 'Leaving' | 'Broken'

/** Somebody forbids something. The engine never acts against a lock. */
export interface Lock {
  readonly holder: string
  readonly forbids: readonly ('delete' | 'recreate' | 'restart')[]
  /** For `restart`: only these containers; all when absent. */
  readonly containers?: readonly string[]
}

/** Where an in-place change of images stands; see `in-place.ts`. */
export type InPlacePhase = 'Hooked' | 'Drained' | 'Patched' | 'Restored'

export interface InPlaceProgress {
  readonly phase: Exclude<InPlacePhase, 'Restored'>
  /** When the phase began. */
  readonly since: Instant
  /** All changed containers run their new image. */
  readonly restarted: boolean
}

export interface Failure {
  readonly reason: string
  readonly message: string
}

/** A container that a change started: whether it works shows only after a while. See `availability.ts`. */
export interface FreshContainer {
  /** The latest moment at which it can have started; undefined while it does not run. */
  readonly startedAt?: Instant
  /** It has a readiness probe. */
  readonly probed: boolean
  /** How long it lived, in milliseconds, before it ended with an error; undefined when it has not since the change. */
  readonly crashedAfter?: number
}

export interface Member {
  readonly key: string
  /** Undefined for generated identity. */
  readonly ordinal?: number
  readonly uid: string
  readonly revision: RevisionId
  readonly stage: Stage
  /** Since when it is Ready; undefined otherwise. */
  readonly availableSince?: Instant
  /** The containers that its last change started, or all of a new server; absent: nothing has to be proven. */
  readonly fresh?: readonly FreshContainer[]
  readonly locks: readonly Lock[]
  readonly rank: Readonly<Record<string, number>>
  readonly change?: InPlaceProgress
  /** Images as they are wanted on the live server, by container. */
  readonly images: ReadonlyMap<string, string>
  /** Hooks that hold the server back from being deleted or changed; whoever set them has to release them. */
  readonly held: { readonly delete: boolean; readonly change: boolean }
  /** `Leaving`, but a delete hook is waited for: nothing was deleted yet. Why it leaves decides whether its number comes back. */
  readonly preparingDelete?: DeleteReason
  /** Somebody asked that exactly this server be recreated, whatever its revision. */
  readonly recreateRequested?: boolean
  /** Why it does not come up, when that is known. */
  readonly failure?: Failure
}

export type DeleteReason = 'Broken' | 'Reserved' | 'ScaleDown' | 'Outdated' | 'Requested'

/** Metadata to set on a server; `undefined` removes the key. */
export interface MetadataChange {
  readonly labels: Readonly<Record<string, string | undefined>>
  readonly annotations: Readonly<Record<string, string | undefined>>
}

export interface ImageChange {
  readonly container: string
  readonly image: string
}

/** What moves one server to a revision without recreating it. */
export interface Change {
  readonly to: RevisionId
  readonly metadata: MetadataChange
  /** Empty: nothing restarts. */
  readonly images: readonly ImageChange[]
}

export type Step =
  | { readonly do: 'create'; readonly key: string; readonly ordinal?: number; readonly revision: RevisionId }
  | { readonly do: 'delete'; readonly member: Member; readonly because: DeleteReason }
  /** Say that the server will be deleted, so that whoever holds the hook releases it. */
  | { readonly do: 'announce-delete'; readonly member: Member; readonly because: DeleteReason }
  /** One write, nothing restarts. */
  | { readonly do: 'change'; readonly member: Member; readonly change: Change }
  /** The next phase of an in-place change of images. */
  | { readonly do: 'advance'; readonly member: Member; readonly to: InPlacePhase; readonly change: Change }
  /** Bring a directed change to a running server, at once. */
  | { readonly do: 'override'; readonly member: Member; readonly images: readonly ImageChange[] }

export type WaitingReason =
  | 'NotReady'
  | 'MinReadySeconds'
  | 'Terminating'
  | 'Hook'
  | 'GracePeriod'
  | 'Restarting'
  | 'Failing'
  | 'Paused'
  | 'Partition'
  | 'OnDelete'
  | 'MaxUnavailable'
  | 'ScaleMaxUnavailable'
  | 'TooManyFailures'
  | 'NeedsRecreation'
  | 'Locked'

/** Why the plan is not done, with the servers concerned. */
export interface Waiting {
  readonly reason: WaitingReason
  readonly servers: readonly string[]
  readonly message: string
}

export interface Counts {
  /** Everything that exists, leaving ones included. */
  readonly current: number
  readonly ready: number
  readonly available: number
  readonly updated: number
  readonly updatedReady: number
  readonly leaving: number
  /** Held back from deletion by a hook. */
  readonly preparingDelete: number
}

export interface Plan {
  readonly steps: readonly Step[]
  readonly waiting: readonly Waiting[]
  readonly counts: Counts
  /** Keys of the servers that should exist once the plan is done. */
  readonly keys: ReadonlySet<string>
  /** To be stored before the steps are applied, when it differs from what was given; undefined: nothing to remember. */
  readonly memory?: IdentityMemory
  /** Look again then, even if nothing happens. */
  readonly wakeAt?: Instant
}
