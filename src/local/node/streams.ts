import type { Duplex } from 'node:stream'
import type { ExecSession } from './runtime/runtime.ts'

export interface ContainerRef {
  readonly namespace: string
  readonly pod: string
  /** The pod's default container when absent. */
  readonly container?: string
}

export interface LogQuery {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines?: number
  readonly limitBytes?: number
  readonly sinceTime?: Date
}

/** Expected refusals of a stream request, with the HTTP status a kubelet would answer. */
export interface StreamRefusal {
  readonly refused: true
  readonly status: 400 | 404 | 500
  readonly message: string
}

/** What the API server asks a node for behind pods/log, pods/exec, pods/attach and pods/portforward. */
export interface NodeStreams {
  logs(ref: ContainerRef, query: LogQuery, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | StreamRefusal>
  exec(
    ref: ContainerRef,
    options: { command: readonly string[]; stdin: boolean; tty: boolean },
    signal: AbortSignal,
  ): Promise<ExecSession | StreamRefusal>
  attach(ref: ContainerRef, options: { stdin: boolean; tty: boolean }, signal: AbortSignal): Promise<ExecSession | StreamRefusal>
  portForward(ref: ContainerRef, port: number, signal: AbortSignal): Promise<Duplex | StreamRefusal>
}
