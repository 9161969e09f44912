import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { programStart } from './container-environment.ts'
import type { HostTools } from './host-tools.ts'
import { drained, type OutputPipes, type ProcessOutput } from './output-pipes.ts'
import { exitOf, sendSignal } from './process-container.ts'
import { RuntimeError } from './runtime-error.ts'
import type { Container, ExecSession } from './runtime.ts'
import { startReport } from './start-report.ts'
import { terminalArguments } from './terminal.ts'

export interface ExecTarget {
  readonly tools: HostTools
  readonly pipes: OutputPipes
  /** Process id of a process inside the container. */
  readonly target: number
  readonly userNamespace: boolean
  readonly programStartScript: string
  readonly env: Readonly<Record<string, string>>
  readonly workingDir: string
  readonly now: () => Date
}

/**
 * Runs one more program inside a running container.
 * @throws RuntimeError `ExecError` when the program does not exist there.
 */
export async function execInNamespaces(
  exec: ExecTarget,
  command: readonly string[],
  options: Parameters<Container['exec']>[1],
): Promise<ExecSession> {
  const { tools } = exec
  const [first, ...rest] = command
  if (first === undefined) throw new RuntimeError('ExecError', 'no command specified')
  const env = { ...exec.env, ...(options.tty && { TERM: 'xterm' }), ...options.env }
  const program = programStart(env, exec.workingDir, [first, ...rest], tools)
  const words = [
    tools.require('nsenter'),
    '--target',
    String(exec.target),
    ...(exec.userNamespace ? ['--user', '--preserve-credentials'] : []),
    '--mount',
    '--pid',
    '--net',
    '--uts',
    '--ipc',
    '--root',
    '--wd',
    '--',
    '/bin/sh',
    '-c',
    exec.programStartScript,
    'berth-exec',
    ...program.arguments,
  ]
  const terminal = options.tty ? terminalArguments(tools, words) : undefined
  const { child, output } = await exec.pipes.connect((stdout, stderr) =>
    spawn(tools.require('setpriv'), ['--pdeathsig', 'KILL', '--', ...(terminal ?? words)], {
      cwd: '/',
      detached: true,
      env: program.environment,
      stdio: [options.stdin ? 'pipe' : 'ignore', stdout, stderr, 'pipe', ...(terminal ? (['pipe'] as const) : [])],
    }),
  )
  await startReport(child, 'ExecError', { diagnostics: output.stderr })
  return processSession(child, output, exec.now)
}

/** A child process as an exec session. */
export function processSession(child: ChildProcess, output: ProcessOutput, now: () => Date): ExecSession {
  const { stdin, pid } = child
  if (pid === undefined) throw new RuntimeError('ExecError', 'the process has no id')
  stdin?.on('error', () => undefined)
  const control = child.stdio[4]
  return {
    ...(stdin && { stdin }),
    ...output,
    ...(control && 'write' in control && { resize: (columns, rows) => void control.write(`${columns} ${rows}\n`) }),
    exit: exitOf(child, now).then(async status => {
      await drained(output)
      return status
    }),
    kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      for (const descendant of descendants(pid)) sendSignal(descendant, 'SIGKILL')
      child.kill('SIGKILL')
    },
  }
}

/** A process that joined a container is not ended by the end of the `nsenter` that started it. */
function descendants(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    return children.flatMap(child => [child, ...descendants(child)])
  } catch {
    return []
  }
}
