import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import type { HostPlan } from '../../host-plan.ts'

/**
 * Makes the cluster IPs addresses of this host, so that the forwarder can listen on any of them and pods reach them through
 * their gateway: one local route on a device of its own. Needs root and `ip`; rejects otherwise. Disposal removes the device,
 * and the route with it.
 */
export async function openServiceNetwork(network: HostPlan['serviceNetwork'], signal?: AbortSignal): Promise<AsyncDisposable> {
  const close = () => ip(`link del ${network.device}`).catch(() => {})
  const open = () =>
    ip(
      // A bridge without ports: unlike dummy devices every kernel that can hold pods has them.
      [
        `link add ${network.device} type bridge`,
        `link set ${network.device} up`,
        `route replace local ${network.cidr} dev ${network.device}`,
      ].join('\n'),
      signal,
    )
  try {
    await open()
  } catch {
    // Left over when an earlier cluster in this slot was killed.
    await close()
    await open().catch(async (error: unknown) => {
      await close()
      throw error
    })
  }
  return { [Symbol.asyncDispose]: close }
}

/** Runs commands of iproute2 in one process; rejects with what it said. */
async function ip(commands: string, signal?: AbortSignal): Promise<void> {
  const child = spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'], ...(signal === undefined ? {} : { signal }) })
  child.stdin.on('error', () => {})
  child.stdin.end(`${commands}\n`)
  const [said, code] = await Promise.all([text(child.stderr), exitCode(child)])
  if (code !== 0) throw new Error(`ip: ${said.trim().split('\n')[0] ?? `exit code ${code}`}`)
}

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
}
