import { ApiError, type Status } from './api-error.ts'
import type { ExecOptions } from './client.ts'
import type { TransportChannel } from './transport.ts'

/** Sub-protocols in order of preference: v5 can close stdin, v4 cannot. */
export const execProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const

/** The first byte of every message names its stream. */
const stream = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const

/**
 * Speaks the remote command protocol over an open channel: pumps stdin in and stdout/stderr out until the server tells how the
 * command ended. Resolves with the exit code; throws {@link ApiError} when the command could not be run or the connection broke.
 * Contract: https://pkg.go.dev/k8s.io/apimachinery/pkg/util/remotecommand
 */
export async function runExec(channel: TransportChannel, options: ExecOptions): Promise<number> {
  const ended = new AbortController()
  const onAbort = (): void => channel.close()
  options.signal?.addEventListener('abort', onAbort, { once: true })
  let status: Status | undefined
  try {
    if (options.stdin !== undefined) void pumpInput(channel, options.stdin, ended.signal)
    if (options.resizes !== undefined) void pumpResizes(channel, options.resizes, ended.signal)
    for await (const message of channel.messages()) {
      const content = message.subarray(1)
      switch (message[0]) {
        case stream.stdout:
          if (content.length > 0) options.onStdout?.(content)
          break
        case stream.stderr:
          if (content.length > 0) options.onStderr?.(content)
          break
        case stream.error:
          status = JSON.parse(new TextDecoder().decode(content)) as Status
          break
        default:
      }
      if (status !== undefined) break
    }
  } finally {
    ended.abort()
    options.signal?.removeEventListener('abort', onAbort)
    channel.close()
  }
  options.signal?.throwIfAborted()
  if (status === undefined) throw ApiError.unreachable(new Error('the connection ended before the command did'))
  return exitCodeOf(status)
}

/** The exit code within the final `Status`; throws when it says that the command did not run. */
function exitCodeOf(status: Status): number {
  if (status.status === 'Success') return 0
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')
  const code = Number(cause?.message)
  if (status.reason === 'NonZeroExitCode' && Number.isInteger(code)) return code
  throw new ApiError({ ...status, code: status.code ?? 500 })
}

async function pumpInput(channel: TransportChannel, input: AsyncIterable<Uint8Array>, ended: AbortSignal): Promise<void> {
  try {
    for await (const chunk of input) {
      if (ended.aborted) return
      send(channel, stream.stdin, chunk)
    }
  } catch {
    // Input that breaks off is input that ends.
  }
  if (!ended.aborted && channel.protocol === 'v5.channel.k8s.io') send(channel, stream.close, Uint8Array.of(stream.stdin))
}

async function pumpResizes(
  channel: TransportChannel,
  resizes: AsyncIterable<{ readonly width: number; readonly height: number }>,
  ended: AbortSignal,
): Promise<void> {
  for await (const { width, height } of resizes) {
    if (ended.aborted) return
    send(channel, stream.resize, new TextEncoder().encode(JSON.stringify({ Width: width, Height: height })))
  }
}

function send(channel: TransportChannel, name: number, content: Uint8Array): void {
  const message = new Uint8Array(content.length + 1)
  message[0] = name
  message.set(content, 1)
  channel.send(message)
}
