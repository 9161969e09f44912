import type { FieldError } from './field-error.ts'

/** The `Status` object of a Kubernetes API failure. */
export interface InvalidStatus {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, never>
  status: 'Failure'
  message: string
  reason: 'Invalid'
  details: { name?: string; group?: string; kind?: string; causes: { reason: FieldError['type']; message: string; field: string }[] }
  code: 422
}

const titles: Readonly<Record<FieldError['type'], string>> = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueTypeInvalid: 'Invalid value',
  FieldValueNotFound: 'Not found',
}

const withoutValue: ReadonlySet<FieldError['type']> = new Set(['FieldValueRequired', 'FieldValueForbidden', 'FieldValueTooLong'])

/** The error without its field: `Invalid value: "x": must be …`. The message of a cause. */
export function fieldErrorBody(error: FieldError): string {
  const title = titles[error.type]
  const body = withoutValue.has(error.type) ? title : `${title}: ${JSON.stringify(error.value ?? null)}`
  return error.detail === '' ? body : `${body}: ${error.detail}`
}

/** Kubernetes' word for the root. */
function fieldName(error: FieldError): string {
  return error.field === '' ? '<nil>' : error.field
}

/** The error as Kubernetes prints it: `spec.replicas: Invalid value: -1: should be …`. */
export function fieldErrorText(error: FieldError): string {
  return `${fieldName(error)}: ${fieldErrorBody(error)}`
}

/** One text for several errors: as it is when there is one, in brackets when there are more; repeated texts once. */
export function aggregateText(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(fieldErrorText))]
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
}

/**
 * The 422 answer for refused fields, composed as Kubernetes' `errors.NewInvalid` does:
 * `GameServerSet.game.kruise.io "x" is invalid: spec.replicas: Required value`. The core group adds nothing to the kind.
 */
export function invalidStatus(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): InvalidStatus {
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`
  const subject = `${qualified} ${JSON.stringify(name)} is invalid`
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: errors.length === 0 ? subject : `${subject}: ${aggregateText(errors)}`,
    reason: 'Invalid',
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      ...(kind.kind === '' ? {} : { kind: kind.kind }),
      causes: errors.map(error => ({ reason: error.type, message: fieldErrorBody(error), field: fieldName(error) })),
    },
    code: 422,
  }
}
