import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { HostTools } from './host-tools.ts'
import { RuntimeError } from './runtime-error.ts'
import { startReport } from './start-report.ts'

/** Keeps the namespaces that the containers of one pod share, as the pause container does elsewhere. */
export interface Holder extends AsyncDisposable {
  readonly pid: number
  /** Options of `nsenter` with which a container joins. */
  readonly joinArguments: readonly string[]
}

export interface HolderOptions {
  readonly tools: HostTools
  readonly userNamespace: boolean
  readonly hostname: string
  /** Whether the pod gets a network and host name of its own. */
  readonly network: boolean
}

// Waits for the end of its input: that comes when the runtime disposes of the pod, and also when the runtime's process dies.
const script = `
if [ -n "$1" ]; then "$1" "$2"; fi
echo ok >&3
exec 3>&-
read -r _
`

/** @throws RuntimeError `CreatePodSandboxError` when the kernel refuses the namespaces. */
export async function startHolder({ tools, userNamespace, hostname, network }: HolderOptions, signal: AbortSignal): Promise<Holder> {
  const namespaces = network ? ['--net', '--uts', '--ipc'] : []
  const child = spawn(
    tools.require('setpriv'),
    [
      '--pdeathsig',
      'KILL',
      '--',
      tools.require('unshare'),
      ...(userNamespace ? ['--user', '--map-root-user'] : []),
      ...namespaces,
      '--',
      tools.require('sh'),
      '-c',
      script,
      'berth-pod',
      network ? (tools.find('hostname') ?? '') : '',
      hostname,
    ],
    { cwd: '/', env: {}, detached: true, stdio: ['pipe', 'ignore', 'ignore', 'pipe'] },
  )
  child.stdin?.on('error', () => undefined)
  await startReport(child, 'CreatePodSandboxError', { signal })
  const { pid } = child
  if (pid === undefined) throw new RuntimeError('CreatePodSandboxError', 'the pod holder has no process id')
  return {
    pid,
    joinArguments: [
      '--target',
      String(pid),
      // The owner of a user namespace is root in it; changing groups there is forbidden.
      ...(userNamespace ? ['--user', '--preserve-credentials'] : []),
      ...namespaces,
    ],
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
