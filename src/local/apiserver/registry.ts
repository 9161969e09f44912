import type { KubeObject } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { FieldError } from '../../schema/field-error.ts'
import type { StructuralSchema } from '../../schema/structural.ts'

/** An object while the server works on it: plain JSON, free to be changed. */
export type Draft = KubeObject & Record<string, unknown>

export interface StrategyContext {
  readonly now: () => Date
  readonly dryRun: boolean
  /** `status`, `scale`, …; undefined for the object itself. */
  readonly subresource: string | undefined
  /** Tells the writer of something that is odd and not refused. */
  readonly warn?: (message: string) => void
}

/**
 * What the API server does for one kind beyond its schema, as Kubernetes' registry strategies do.
 * Drafts may be changed in place; `old` never.
 */
export interface KindStrategy {
  /** Fills in what Kubernetes' own defaulting would, at every write and before validation. */
  applyDefaults?(draft: Draft): void
  /** Fills in what Kubernetes' types write even when nobody set it, in the status alone. */
  applyStatusDefaults?(draft: Draft): void
  prepareForCreate?(draft: Draft, context: StrategyContext): void
  /** Resets what a writer of this (sub)resource may not change: spec through status and the reverse is done generically. */
  prepareForUpdate?(draft: Draft, old: Readonly<Draft>, context: StrategyContext): void
  validate?(object: Readonly<Draft>, old: Readonly<Draft> | undefined, context: StrategyContext): FieldError[]
  /** Fields other than metadata.name and metadata.namespace that field selectors may name, with their values as text. */
  selectableFields?(object: Readonly<Draft>): Record<string, string>
  /** Whether `metadata.generation` counts changes of the spec. */
  readonly hasGeneration: boolean
  /** Seconds before the object may vanish; pods have them, other kinds delete at once. */
  gracePeriodSeconds?(object: Readonly<Draft>, asked: number | undefined): number
}

export interface TableColumn {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  /** 0 is always shown, higher only in wide output. */
  readonly priority?: number
  /** Custom resources: the JSON path of the cell. Built-in kinds are rendered by code. */
  readonly jsonPath?: string
}

export interface ScalePaths {
  readonly specReplicas: string
  readonly statusReplicas: string
  readonly labelSelector?: string
}

/** Everything the server knows about one served resource; built-in or from a CRD. */
export interface RegisteredResource {
  readonly type: ResourceType
  /** `apps/v1`: the version that is stored, where it is another than the served one. */
  readonly storedAs?: string
  readonly listKind: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
  readonly subresources: readonly {
    readonly name: string
    readonly verbs: readonly string[]
    readonly kind?: { group: string; version: string; kind: string }
  }[]
  readonly schema: StructuralSchema
  readonly custom: boolean
  readonly hasStatus: boolean
  readonly scale?: ScalePaths
  readonly columns: readonly TableColumn[]
  readonly strategy: KindStrategy
}
