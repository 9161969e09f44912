import { PassThrough } from 'node:stream'
import type { ExecSession, ExitStatus } from '../../node/runtime/runtime.ts'
import type { NodeStreams } from '../../node/streams.ts'

/** A command under the test's control, with what was done to it. */
export interface FakeCommand {
  readonly session: ExecSession
  readonly stdout: PassThrough
  readonly stderr: PassThrough
  readonly input: Promise<string>
  readonly sizes: [number, number][]
  readonly killed: () => boolean
  exit(exitCode: number): void
}

export function fakeCommand(): FakeCommand {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const { promise, resolve } = Promise.withResolvers<ExitStatus>()
  const sizes: [number, number][] = []
  let killed = false
  const exit = (exitCode: number) => {
    stdout.end()
    stderr.end()
    resolve({ exitCode, finishedAt: new Date(0) })
  }
  return {
    session: {
      stdin,
      stdout,
      stderr,
      resize: (columns, rows) => void sizes.push([columns, rows]),
      exit: promise,
      kill: () => {
        killed = true
        exit(137)
      },
    },
    stdout,
    stderr,
    input: text(stdin),
    sizes,
    killed: () => killed,
    exit,
  }
}

/** Everything a stream says. */
export async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let result = ''
  for await (const chunk of stream) result += Buffer.from(chunk).toString()
  return result
}

/** A node that answers every exec and attach with one command. */
export function fakeNode(command: FakeCommand, more: Partial<NodeStreams> = {}): NodeStreams {
  return {
    exec: async () => command.session,
    attach: async () => command.session,
    logs: async () => ({ refused: true, status: 404, message: 'no logs' }),
    portForward: async () => ({ refused: true, status: 500, message: 'connection refused' }),
    ...more,
  }
}
