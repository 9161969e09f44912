import { randomBytes } from 'node:crypto'
import type { Server } from 'node:net'
import { constants } from 'node:os'
import { PassThrough } from 'node:stream'
import { CriLog } from './cri-log.ts'
import type { Container, ContainerSpec, ExecSession, ExitStatus } from './runtime.ts'
import { RuntimeError } from './runtime-error.ts'

/** What a resident program finds in its container. */
export interface ResidentSurroundings {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Aborted when the container is to stop. */
  readonly signal: AbortSignal
  /** A server that listens on the pod's network; `host` empty: at all of its addresses. It is closed when the program has ended. */
  listen(this: void, ports: readonly { readonly host: string; readonly port: number }[]): Promise<readonly Server[]>
  /** A line of the container's log. */
  log(this: void, line: string): void
}

/**
 * A program that every pod has and that would cost a process in each: it runs in the process of the node, behind the network of the pod.
 * Resolves with the exit code.
 */
export type ResidentProgram = (surroundings: ResidentSurroundings) => Promise<number>

export interface ResidentContainerOptions {
  readonly program: ResidentProgram
  readonly spec: ContainerSpec
  /** Of the pod: it has no process of its own. */
  readonly pid: number
  readonly env: Readonly<Record<string, string>>
  readonly listen: ResidentSurroundings['listen']
  readonly now: () => Date
}

export async function startResident({ program, spec, pid, env, listen, now }: ResidentContainerOptions): Promise<Container> {
  const id = randomBytes(32).toString('hex')
  const output = { stdout: new PassThrough(), stderr: new PassThrough() }
  const log = await CriLog.open({ path: spec.logPath, now })
  const logged = log.record(output)
  const stop = new AbortController()
  let endedBy: number | undefined
  const servers: Server[] = []
  const run = async (): Promise<ExitStatus> => {
    const exitCode = await program({
      args: spec.args ?? [],
      env,
      signal: stop.signal,
      listen: async ports => {
        const made = await listen(ports)
        servers.push(...made)
        return made
      },
      log: line => void output.stdout.write(`${line}\n`),
    }).catch((error: unknown) => {
      output.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      return 1
    })
    for (const server of servers) server.close()
    output.stdout.end()
    output.stderr.end()
    await logged
    return endedBy === undefined || exitCode === 0
      ? { exitCode, finishedAt: now() }
      : { exitCode: 128 + endedBy, signal: endedBy, finishedAt: now() }
  }
  return {
    id,
    pid,
    startedAt: now(),
    exited: run(),
    kill(signal) {
      endedBy ??= constants.signals[signal]
      stop.abort()
    },
    exec: (): Promise<ExecSession> =>
      Promise.reject(new RuntimeError('ExecError', 'this container runs in the process of the node: there is nothing to execute in it')),
  }
}
