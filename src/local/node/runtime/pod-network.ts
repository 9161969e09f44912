import type { PodDialer } from './runtime.ts'

/** Gives the network namespaces of pods their addresses, and reaches them. */
export interface PodNetwork extends AsyncDisposable {
  readonly dialer: PodDialer
  /** Connects the network namespace of a pod's holder process. Resolves when the pod can be reached. */
  attach(holderPid: number, podIP: string, signal: AbortSignal): Promise<AsyncDisposable>
}
