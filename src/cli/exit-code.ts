import { CommanderError } from 'commander'
import { ApiError } from '../kube/api-error.ts'
import { KubeconfigError } from '../kube/kubeconfig.ts'

/** What the process ends with; part of the command line's contract. */
export const exitCode = {
  ok: 0,
  /** It failed, or what was asked is not true (yet). */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  notFound: 3,
  unreachable: 4,
  /** Not logged in, or not allowed. */
  forbidden: 5,
  /** The server refused the content: invalid fields, or a conflict with someone else's change. */
  refused: 6,
  timeout: 124,
  interrupted: 130,
  /** Nobody reads the output any more. */
  brokenPipe: 141,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** The table of exit codes at the end of the help. */
export const exitCodeHelp = `
Exit codes:
  0    done, or true
  1    failed, or not true (yet)
  2    wrong usage
  3    not found
  4    the API server cannot be reached
  5    not logged in, or not allowed
  6    refused: invalid, or in conflict with another change
  124  timed out
  130  interrupted (141: nobody reads the output any more)
  exec ends with the exit code of its command.`

/** A failure that is told to the user in one sentence. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: ExitCode

  constructor(code: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A mistake on the command line. */
export function usageError(message: string): CliError {
  return new CliError(exitCode.usage, message)
}

export interface Failure {
  readonly code: number
  /** Empty when everything has been said already. */
  readonly message: string
}

/** What to say and how to end for anything that was thrown. `server` is where requests went. */
export function explainFailure(error: unknown, server?: string): Failure {
  // Commander has printed its own message.
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? exitCode.ok : exitCode.usage, message: '' }
  if (error instanceof CliError) return { code: error.code, message: error.message }
  if (error instanceof KubeconfigError) return { code: exitCode.usage, message: error.message }
  if (error instanceof ApiError) return explainApiError(error, server)
  if (error instanceof Error && error.name === 'AbortError') return { code: exitCode.interrupted, message: '' }
  return { code: exitCode.failed, message: error instanceof Error ? error.message : String(error) }
}

function explainApiError(error: ApiError, server: string | undefined): Failure {
  const { message } = error
  switch (error.reason) {
    case 'Unreachable':
      return {
        code: exitCode.unreachable,
        message: `cannot reach ${server === undefined ? 'the API server' : `the API server at ${server}`}: ${message}`,
      }
    case 'NotFound':
      return { code: exitCode.notFound, message }
    case 'Unauthorized':
      return {
        code: exitCode.forbidden,
        message: `the server does not accept these credentials (${message}); check the kubeconfig and context`,
      }
    case 'Forbidden':
      return { code: exitCode.forbidden, message }
    case 'Invalid':
    case 'BadRequest':
    case 'Conflict':
    case 'AlreadyExists':
      return { code: exitCode.refused, message }
    default:
      return { code: exitCode.failed, message }
  }
}
