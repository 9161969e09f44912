import type { UserInfo } from '../admission/admission.ts'
import { badRequest } from '../status-errors.ts'
import type { ApiRequest } from '../request.ts'

/** What a write is told by its request beside the object. */
export interface WriteContext {
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict'
  /** `status`, `scale`, …; undefined for the object itself. */
  readonly subresource: string | undefined
  /** Collected for `Warning` headers. */
  readonly warnings: string[]
}

/** Reads the options of a write from the query. Throws a 400 or 422 for values that do not exist. */
export function writeContextOf(request: ApiRequest, subresource: string | undefined): WriteContext {
  const { query } = request
  const dryRun = query.getAll('dryRun')
  if (dryRun.some(value => value !== 'All')) {
    throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(dryRun.find(value => value !== 'All'))}: supported values: "All"`)
  }
  const validation = query.get('fieldValidation') ?? ''
  if (validation !== '' && validation !== 'Ignore' && validation !== 'Warn' && validation !== 'Strict') {
    throw badRequest(`fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`)
  }
  return {
    user: request.user,
    dryRun: dryRun.length > 0,
    fieldManager: query.get('fieldManager') ?? managerFromAgent(request),
    // An absent value means Warn, as the real server does.
    fieldValidation: validation === '' ? 'Warn' : validation,
    subresource,
    warnings: [],
  }
}

/** `kubectl/v1.32 (linux)` → `kubectl`; programs without an agent are named by their user. */
function managerFromAgent(request: ApiRequest): string {
  const agent = request.headers['user-agent']
  if (agent === undefined || agent === '') return request.user.name.slice(0, 128) || 'unknown'
  const slash = agent.indexOf('/')
  return (slash < 0 ? agent : agent.slice(0, slash)).slice(0, 128)
}
