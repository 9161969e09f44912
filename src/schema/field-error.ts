/** Why a field was refused, in the words and types of Kubernetes' `field.Error`. */
export interface FieldError {
  type:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotFound'
  /** `spec.containers[0].image`, or `spec.labels[game.kruise.io/x]` for map keys that are no identifiers. */
  field: string
  value?: unknown
  detail: string
}
