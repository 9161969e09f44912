import { ApiError } from '../../../kube/api-error.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { invalidStatus } from '../../../schema/status.ts'
import { badRequest } from '../status-errors.ts'
import type { StoredObject } from '../storage/stored-object.ts'

interface Named {
  readonly name: string
}

/** Throws the 400 for a container that the pod does not have. */
export function checkContainer(pod: StoredObject, query: URLSearchParams): void {
  const name = query.get('container') ?? ''
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod['spec'] as Record<string, readonly Named[] | undefined>
  if (name === '' || [...containers, ...initContainers, ...ephemeralContainers].some(container => container.name === name)) return
  throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`)
}

/** The numbers of a log request and what they must reach. */
const logNumbers = [
  ['sinceSeconds', 1],
  ['tailLines', 0],
  ['limitBytes', 1],
] as const

/** Throws a 400 for log options that are no numbers and a 422 for numbers that make no sense. */
export function checkLogOptions(pod: StoredObject, query: URLSearchParams): void {
  const errors: FieldError[] = []
  for (const [field, least] of logNumbers) {
    const text = query.get(field) ?? ''
    if (text === '') continue
    if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
    const detail = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0'
    if (Number(text) < least) errors.push({ type: 'FieldValueInvalid', field, value: Number(text), detail })
  }
  if (errors.length > 0) throw new ApiError(invalidStatus({ group: '', kind: 'PodLogOptions' }, pod.metadata.name, errors))
}
