/**
 * A Kubernetes structural schema (OpenAPI v3 as CRDs allow it), the one form in which kinds are described here:
 * it is what a CRD contains, what defaults, prunes and validates objects, and what tells patches how lists merge.
 * Built-in kinds are linked into the same form; their schemas may be cyclic, so never serialise one.
 * Contract: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export interface StructuralSchema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  format?: string
  title?: string
  description?: string
  nullable?: boolean
  default?: unknown
  enum?: readonly unknown[]
  properties?: Readonly<Record<string, StructuralSchema>>
  additionalProperties?: StructuralSchema | boolean
  required?: readonly string[]
  items?: StructuralSchema
  minimum?: number
  maximum?: number
  exclusiveMinimum?: boolean
  exclusiveMaximum?: boolean
  multipleOf?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  minProperties?: number
  maxProperties?: number
  allOf?: readonly StructuralSchema[]
  anyOf?: readonly StructuralSchema[]
  oneOf?: readonly StructuralSchema[]
  not?: StructuralSchema
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  'x-kubernetes-list-map-keys'?: readonly string[]
  'x-kubernetes-map-type'?: 'granular' | 'atomic'
  'x-kubernetes-patch-merge-key'?: string
  /** Comma separated, of `merge`, `replace`, `retainKeys`. */
  'x-kubernetes-patch-strategy'?: string
  'x-kubernetes-validations'?: readonly ValidationRule[]
}

/** One CEL rule of `x-kubernetes-validations`. */
export interface ValidationRule {
  rule: string
  message?: string
  messageExpression?: string
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate'
  fieldPath?: string
  optionalOldSelf?: boolean
}
