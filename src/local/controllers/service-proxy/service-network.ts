import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { HostPlan } from '../../host-plan.ts'

const run = promisify(execFile)

/**
 * Makes the cluster IPs addresses of this host, so that the forwarder can listen on any of them and pods reach them through
 * their gateway: one local route on a device of its own. Needs root and `ip`; rejects otherwise. Disposal removes the device,
 * and the route with it.
 */
export async function openServiceNetwork(network: HostPlan['serviceNetwork'], signal?: AbortSignal): Promise<AsyncDisposable> {
  const ip = (...args: string[]) => run('ip', args, signal === undefined ? {} : { signal })
  // Left over when an earlier cluster in this slot was killed.
  await run('ip', ['link', 'del', network.device]).catch(() => {})
  // A bridge without ports: unlike dummy devices every kernel that can hold pods has them.
  await ip('link', 'add', network.device, 'type', 'bridge')
  try {
    await ip('link', 'set', network.device, 'up')
    await ip('route', 'replace', 'local', network.cidr, 'dev', network.device)
  } catch (error) {
    await run('ip', ['link', 'del', network.device]).catch(() => {})
    throw error
  }
  return {
    async [Symbol.asyncDispose]() {
      await run('ip', ['link', 'del', network.device]).catch(() => {})
    },
  }
}
