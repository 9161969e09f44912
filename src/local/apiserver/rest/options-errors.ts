import { ApiError } from '../../../kube/api-error.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { invalidStatus } from '../../../schema/status.ts'

/** The options a request brings beside its object; each is a kind of its own, by which refusals name it. */
export type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions' | 'ListOptions'

/** Throws the 422 for refused options; returns when there is nothing to refuse. */
export function refuseOptions(kind: OptionsKind, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new ApiError(invalidStatus({ group: 'meta.k8s.io', kind }, '', errors))
}

const among = (values: readonly string[]): string => `supported values: ${values.map(value => JSON.stringify(value)).join(', ')}`

/** A value that is none of those there are. */
export function unsupported(field: string, value: unknown, values: readonly string[]): FieldError {
  return { type: 'FieldValueNotSupported', field, value, detail: among(values) }
}

const managerBytes = 128

/** What the query of a write may not say. */
export function writeOptionErrors(query: URLSearchParams): FieldError[] {
  const errors: FieldError[] = []
  const manager = query.get('fieldManager') ?? ''
  if (Buffer.byteLength(manager) > managerBytes) {
    errors.push({ type: 'FieldValueTooLong', field: 'fieldManager', value: manager, detail: `may not be more than ${managerBytes} bytes` })
  }
  const dryRun = query.getAll('dryRun')
  if (dryRun.some(value => value !== 'All')) errors.push(unsupported('dryRun', dryRun, ['All']))
  const validation = query.get('fieldValidation') ?? ''
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
    errors.push(unsupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']))
  }
  return errors
}

/** What the query of a list or watch may not say about versions. */
export function listOptionErrors(query: URLSearchParams, isWatch: boolean): FieldError[] {
  const match = query.get('resourceVersionMatch') ?? ''
  const version = query.get('resourceVersion') ?? ''
  const sends = query.get('sendInitialEvents')
  const forbidden = (field: string, detail: string): FieldError => ({ type: 'FieldValueForbidden', field, detail })
  const errors: FieldError[] = []
  if (isWatch) {
    if (sends === null) {
      if (match !== '')
        errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'))
      return errors
    }
    if (match !== 'NotOlderThan') {
      errors.push(forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
      if (match !== '') errors.push(unsupported('resourceVersionMatch', match, ['NotOlderThan']))
    }
    return errors
  }
  if (match !== '') {
    if (version === '')
      errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    if ((query.get('continue') ?? '') !== '') {
      errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'))
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(unsupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']))
    } else if (match === 'Exact' && version === '0') {
      errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    }
  }
  if (sends !== null) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return errors
}
