import type { HostPlan } from '../../host-plan.ts'
import { HostTools } from '../../node/runtime/host-tools.ts'
import { runTool } from '../../node/runtime/run-tool.ts'

/**
 * Makes the cluster IPs addresses of this host, so that the forwarder can listen on any of them and pods reach them through
 * their gateway: one local route on a device of its own. Needs root and `ip`; rejects otherwise. Disposal removes the device,
 * and the route with it.
 */
export async function openServiceNetwork(network: HostPlan['serviceNetwork'], signal?: AbortSignal): Promise<AsyncDisposable> {
  const path = new HostTools().require('ip')
  const ip = (input: string, abort?: AbortSignal) =>
    runTool(path, ['-batch', '-'], { input: `${input}\n`, ...(abort && { signal: abort }) })
  const close = async (): Promise<void> => {
    await ip(`link del ${network.device}`).catch(() => {})
  }
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
