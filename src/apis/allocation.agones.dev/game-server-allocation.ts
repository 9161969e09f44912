import type { DeepReadonly, KubeObject } from '../../kube/object.ts'
import type { GameServerStatus } from '../agones.dev/game-server.ts'
import type { Scheduling } from '../agones.dev/states.ts'

/** Bounds; a maximum of zero means that there is none. Available is what is left of the capacity. */
export interface CounterSelector {
  readonly minCount?: number
  readonly maxCount?: number
  readonly minAvailable?: number
  readonly maxAvailable?: number
}

export interface ListSelector {
  readonly containsValue?: string
  readonly minAvailable?: number
  readonly maxAvailable?: number
}

export interface LabelRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

/** Which servers will do. What is absent does not matter. */
export interface GameServerSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelRequirement[]
  /** Default `Ready`. */
  readonly gameServerState?: 'Ready' | 'Allocated'
  readonly counters?: Readonly<Record<string, CounterSelector>>
  readonly lists?: Readonly<Record<string, ListSelector>>
}

export interface Priority {
  readonly type: 'Counter' | 'List'
  readonly key: string
  /** Default `Ascending`: little room first. */
  readonly order?: 'Ascending' | 'Descending'
}

export interface CounterAction {
  readonly action?: 'Increment' | 'Decrement'
  readonly amount?: number
  readonly capacity?: number
}

export interface ListAction {
  readonly addValues?: readonly string[]
  readonly deleteValues?: readonly string[]
  readonly capacity?: number
}

/** GameServerAllocation.spec. Contract: Agones `allocation.agones.dev/v1`. */
export interface AllocationSpec {
  readonly multiClusterSetting?: { readonly enabled?: boolean; readonly policySelector?: object }
  /** In order; the first one with a match wins. When it is there, `preferred` and `required` do not count. */
  readonly selectors?: readonly GameServerSelector[]
  readonly required?: GameServerSelector
  readonly preferred?: readonly GameServerSelector[]
  readonly priorities?: readonly Priority[]
  /** Default `Packed`. */
  readonly scheduling?: Scheduling
  /** For the server that is allocated. */
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> }
  readonly counters?: Readonly<Record<string, CounterAction>>
  readonly lists?: Readonly<Record<string, ListAction>>
}

export interface AllocationStatus {
  readonly state: 'Allocated' | 'UnAllocated' | 'Contention'
  readonly gameServerName: string
  readonly ports?: DeepReadonly<GameServerStatus['ports']>
  readonly address?: string
  readonly addresses?: DeepReadonly<GameServerStatus['addresses']>
  readonly nodeName?: string
  /** `local`, or the endpoint of another cluster. */
  readonly source: string
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> }
  readonly counters?: DeepReadonly<GameServerStatus['counters']>
  readonly lists?: DeepReadonly<GameServerStatus['lists']>
}

/** A question, and its answer: never stored. */
export type GameServerAllocation = KubeObject & { spec: AllocationSpec; status?: AllocationStatus }
