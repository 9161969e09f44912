import { isJsonObject } from '../../../schema/json.ts'
import type { ApiRequest } from '../request.ts'
import { badRequest } from '../status-errors.ts'
import { decodeBody } from './body.ts'
import { numberOf } from './list.ts'
import type { RemoveOptions } from './object-remover.ts'
import type { WriteContext } from './write-context.ts'

/** `DeleteOptions` of the body and of the query; the body's dryRun counts as well. Throws a 400 for wrong values. */
export function deleteOptionsOf(request: ApiRequest, context: WriteContext): { options: RemoveOptions; context: WriteContext } {
  const { query } = request
  const decoded = decodeBody(request)
  const body = isJsonObject(decoded) ? decoded : {}
  const grace = typeof body['gracePeriodSeconds'] === 'number' ? body['gracePeriodSeconds'] : numberOf(query, 'gracePeriodSeconds')
  if (grace !== undefined && grace < 0) throw badRequest('gracePeriodSeconds must be a non-negative integer')
  const policy = text(body['propagationPolicy']) ?? query.get('propagationPolicy') ?? undefined
  const orphans = body['orphanDependents'] ?? (query.has('orphanDependents') ? query.get('orphanDependents') !== 'false' : undefined)
  if (policy !== undefined && policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan') {
    throw badRequest(
      `propagationPolicy: Unsupported value: ${JSON.stringify(policy)}: supported values: "Background", "Foreground", "Orphan"`,
    )
  }
  const propagationPolicy = policy ?? (orphans === true ? 'Orphan' : orphans === false ? 'Background' : undefined)
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

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
