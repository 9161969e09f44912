/**
 * Why a sandbox or a container could not be started. The codes are the reasons a kubelet shows in a waiting container's status.
 */
export type RuntimeErrorCode = 'CreatePodSandboxError' | 'CreateContainerError' | 'RunContainerError' | 'ExecError' | 'Aborted'

/** An error of the container runtime; `message` is written for the user who wrote the manifest. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  readonly code: RuntimeErrorCode
  /** What a shell would have returned: 127 for a missing executable, 126 for one that may not be run, 128 otherwise. */
  readonly exitCode: number

  constructor(code: RuntimeErrorCode, message: string, options: { cause?: unknown; exitCode?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.exitCode = options.exitCode ?? 128
  }
}
