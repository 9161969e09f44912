import type { ResourceType } from '../../../kube/resource.ts'
import { plainStrategy } from '../kinds/strategies.ts'
import { groupResourceName } from '../status-errors.ts'
import type { ServedResource } from './served-resource.ts'

/** What was asked, and who may stop waiting for the answer. */
export interface Question {
  readonly namespace: string
  readonly object: Record<string, unknown>
  readonly signal: AbortSignal
}

/**
 * A kind of somebody else that is posted to ask something and never stored, as an aggregated API would serve it. Throws an `ApiError` for what
 * cannot be answered.
 */
export interface QuestionKind {
  readonly type: ResourceType
  readonly shortNames: readonly string[]
  answer(this: void, question: Question): Promise<object>
}

export function questionResource({ type, shortNames, answer }: QuestionKind): ServedResource {
  return {
    type,
    apiVersion: `${type.group}/${type.version}`,
    collection: groupResourceName(type),
    listKind: `${type.kind}List`,
    singular: type.kind.toLowerCase(),
    shortNames,
    categories: [],
    verbs: ['create'],
    subresources: [],
    schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    custom: true,
    hasStatus: false,
    columns: [],
    strategy: plainStrategy,
    answer,
  }
}
