import type { Status } from '../../../kube/api-error.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import type { Draft, RegisteredResource } from '../registry.ts'

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE'

/** Who sends a request. */
export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** One write on its way into the storage. */
export interface AdmissionAttributes {
  readonly operation: AdmissionOperation
  readonly resource: RegisteredResource
  /** `status`, `scale`, …; undefined for the object itself. */
  readonly subresource: string | undefined
  /** Empty for cluster-scoped objects. */
  readonly namespace: string
  readonly name: string
  /** The new state, of this writer alone: `mutate` may change it in place. Undefined on DELETE. */
  readonly object: Draft | undefined
  /** The stored state, frozen. Undefined on CREATE. */
  readonly oldObject: Readonly<Draft> | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** Adds a `Warning` header to the answer. */
  readonly warn: (message: string) => void
}

/** A refusal that is not about one field: answered with 403 unless `code` and `reason` say otherwise. */
export interface AdmissionDenial {
  readonly denied: string
  readonly code?: number
  readonly reason?: string
  /** Default: the name and kind of the object. */
  readonly details?: Status['details']
}

/** Returning nothing admits; field errors become a 422 in the form of the kind's own validation. */
export type AdmissionVerdict = readonly FieldError[] | AdmissionDenial | undefined | void

/**
 * Part of the admission chain. All mutating steps run in order of registration, then the object is defaulted and validated by its schema,
 * then all validating steps run. A step that throws refuses the request with an internal error.
 */
export interface AdmissionPlugin {
  readonly name: string
  matches(resource: RegisteredResource, operation: AdmissionOperation, subresource: string | undefined): boolean
  mutate?(attributes: AdmissionAttributes): AdmissionVerdict | Promise<AdmissionVerdict>
  validate?(attributes: AdmissionAttributes): AdmissionVerdict | Promise<AdmissionVerdict>
}
