import type { UserInfo } from '../admission/admission.ts'
import type { ApiRequest } from '../request.ts'
import { type OptionsKind, refuseOptions, writeOptionErrors } from './options-errors.ts'

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

const optionsKinds: Readonly<Record<string, OptionsKind>> = { PUT: 'UpdateOptions', PATCH: 'PatchOptions', DELETE: 'DeleteOptions' }

/** Reads the options of a write from the query. Throws a 422 for values that do not exist. */
export function writeContextOf(request: ApiRequest, subresource: string | undefined): WriteContext {
  const { query } = request
  refuseOptions(optionsKinds[request.method] ?? 'CreateOptions', writeOptionErrors(query))
  const validation = query.get('fieldValidation') ?? ''
  return {
    user: request.user,
    dryRun: query.has('dryRun'),
    fieldManager: query.get('fieldManager') ?? managerFromAgent(request),
    // An absent value means Warn, as the real server does.
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
    subresource,
    warnings: warningsOf(request),
  }
}

const collected = new WeakMap<ApiRequest, string[]>()

/** The warnings that a request has earned so far: its answer carries them, be it a refusal. */
export function warningsOf(request: ApiRequest): string[] {
  let warnings = collected.get(request)
  if (warnings === undefined) {
    warnings = []
    collected.set(request, warnings)
  }
  return warnings
}

/** `kubectl/v1.32 (linux)` → `kubectl`; programs without an agent are named by their user. */
function managerFromAgent(request: ApiRequest): string {
  const agent = request.headers['user-agent']
  if (agent === undefined || agent === '') return request.user.name.replace(/^system:/, '').slice(0, 128) || 'unknown'
  const slash = agent.indexOf('/')
  return (slash < 0 ? agent : agent.slice(0, slash)).slice(0, 128)
}
