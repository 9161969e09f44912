import type { ExitStatus } from '../../node/runtime/runtime.ts'

/** The `Status` on the error channel that ends a session. */
export interface StreamStatus {
  readonly metadata: Readonly<Record<string, never>>
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly causes: readonly { readonly reason: string; readonly message: string }[] }
  readonly code?: number
}

/** How a command ended, in the form that kubectl turns into its own exit code. */
export function exitStatus({ exitCode }: ExitStatus): StreamStatus {
  if (exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}
