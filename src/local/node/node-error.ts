/**
 * What went wrong on the node, for programs:
 * - `CONFIG_REFERENCE`: a ConfigMap, Secret, key or field that a container needs is not there;
 * - `VOLUME`: a volume cannot be made; the pod waits and tries again;
 * - `SANDBOX`: the pod's network and host name cannot be made;
 * - `HOOK`: a lifecycle hook failed.
 */
export type NodeErrorCode = 'CONFIG_REFERENCE' | 'VOLUME' | 'SANDBOX' | 'HOOK'

/** A failure whose message is meant for the user: it ends up in a container's state or in an event. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: NodeErrorCode

  constructor(code: NodeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** The sentence of any thrown thing. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
