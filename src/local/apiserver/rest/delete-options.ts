import { ApiError } from '../../../kube/api-error.ts'
import { isJsonObject } from '../../../schema/json.ts'
import type { ApiRequest } from '../request.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { noKind, unreasoned } from '../status-errors.ts'
import { decodeBody } from './body.ts'
import { integerOf } from './list.ts'
import type { RemoveOptions } from './object-remover.ts'
import { refuseOptions, unsupported } from './options-errors.ts'
import type { WriteContext } from './write-context.ts'

/** The real server has nobody to blame for options it cannot read but itself. */
function decodedOptions(request: ApiRequest): Record<string, unknown> {
  let decoded: unknown
  try {
    decoded = decodeBody(request)
  } catch (error) {
    throw error instanceof ApiError && error.code === 400 ? unreasoned(error.status.message ?? '') : error
  }
  if (!isJsonObject(decoded)) return {}
  const { kind, apiVersion } = decoded
  if (typeof kind === 'string' && kind !== '' && kind !== 'DeleteOptions') {
    throw unreasoned(noKind(kind, typeof apiVersion === 'string' ? apiVersion : ''))
  }
  return decoded
}

/** `DeleteOptions` of the body and of the query; the body's dryRun counts as well. Throws a 400 for wrong values. */
export function deleteOptionsOf(request: ApiRequest, context: WriteContext): { options: RemoveOptions; context: WriteContext } {
  const { query } = request
  const body = decodedOptions(request)
  const grace = typeof body['gracePeriodSeconds'] === 'number' ? body['gracePeriodSeconds'] : integerOf(query, 'gracePeriodSeconds')
  const policy = text(body['propagationPolicy']) ?? query.get('propagationPolicy') ?? undefined
  const orphans = body['orphanDependents'] ?? (query.has('orphanDependents') ? query.get('orphanDependents') !== 'false' : undefined)
  const errors: FieldError[] = []
  if (policy !== undefined && orphans !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set'
    errors.push({ type: 'FieldValueInvalid', field: 'propagationPolicy', value: policy, detail })
  } else if (policy !== undefined && !isPolicy(policy)) {
    errors.push(unsupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']))
  }
  refuseOptions('DeleteOptions', errors)
  const asked = policy !== undefined && isPolicy(policy) ? policy : undefined
  const propagationPolicy = asked ?? (orphans === true ? 'Orphan' : orphans === false ? 'Background' : undefined)
  const given = isJsonObject(body['preconditions']) ? body['preconditions'] : {}
  const uid = text(given['uid'])
  const resourceVersion = text(given['resourceVersion'])
  const dryRun = Array.isArray(body['dryRun']) && body['dryRun'].includes('All')
  return {
    context: dryRun ? { ...context, dryRun: true } : context,
    options: {
      ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
      preconditions: { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    },
  }
}

function isPolicy(text: string): text is NonNullable<RemoveOptions['propagationPolicy']> {
  return text === 'Background' || text === 'Foreground' || text === 'Orphan'
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
