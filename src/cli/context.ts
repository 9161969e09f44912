import type { Clock } from '../kube/clock.ts'
import type { ClusterConfig } from '../kube/kubeconfig.ts'
import type { Transport } from '../kube/transport.ts'
import type { TerminalSize } from './terminal-size.ts'

/** A stream text goes to; `isTTY` decides between progress bars and plain lines. */
export interface TextOutput {
  write(text: string | Uint8Array): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Where text comes from; a terminal can be switched to raw mode. */
export interface TextInput extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}

/** The process around the commands; tests bring their own. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  readonly stdin: TextInput
  readonly stdout: TextOutput
  readonly stderr: TextOutput
  readonly clock: Clock
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** Makes the way to a cluster. */
  readonly createTransport: (config: ClusterConfig) => Transport
  /** Sizes of the terminal, now and when they change; absent without a terminal. */
  readonly terminalSizes?: (signal: AbortSignal) => AsyncIterable<TerminalSize>
  /** What the process ends with, if nothing is thrown. Commands set it. */
  exitCode: number
  /** Set by commands that run until they are told to stop: being stopped is then no failure. */
  runsUntilStopped?: boolean
  /** Where requests went, for messages about failures: `https://… (…)`. Set by the connection. */
  server?: string
}

export function print(context: CliContext, line: string): void {
  context.stdout.write(`${line}\n`)
}

/** Remarks that are no result: they must not end up in pipes. */
export function note(context: CliContext, line: string): void {
  context.stderr.write(`${line}\n`)
}
