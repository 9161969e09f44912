import type { Clock } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { LifecycleHandler } from '../../../apis/core/types.generated.ts'
import { messageOf, NodeError } from '../node-error.ts'
import { httpGet } from '../probes/http-get.ts'
import { portNumber } from '../probes/port-name.ts'
import type { ProbeTarget } from '../probes/probe-attempt.ts'
import { execute } from './execute.ts'

/**
 * Runs a postStart or preStop hook to its end.
 * @throws NodeError HOOK when it fails or `signal` is aborted first.
 */
export async function runHook(hook: DeepReadonly<LifecycleHandler>, target: ProbeTarget, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await run(hook, target, clock, signal)
  } catch (error) {
    throw error instanceof NodeError ? error : new NodeError('HOOK', messageOf(error), { cause: error })
  }
}

async function run(hook: DeepReadonly<LifecycleHandler>, target: ProbeTarget, clock: Clock, signal: AbortSignal): Promise<void> {
  if (hook.exec !== undefined) {
    const command = hook.exec.command ?? []
    const { exitCode, output } = await execute(target.container, command, signal)
    if (exitCode !== 0) throw new NodeError('HOOK', `command '${command.join(' ')}' exited with ${exitCode}: ${output.trim()}`)
  } else if (hook.httpGet !== undefined) {
    const port = portNumber(target.definition, hook.httpGet.port)
    const host = hook.httpGet.host ?? target.podIP
    const { status } = await httpGet(await target.dial(host, port, signal), hook.httpGet, `${host}:${port}`, signal)
    if (status >= 400) throw new NodeError('HOOK', `HTTP lifecycle hook answered ${status}`)
  } else if (hook.tcpSocket !== undefined) {
    const stream = await target.dial(hook.tcpSocket.host ?? target.podIP, portNumber(target.definition, hook.tcpSocket.port), signal)
    stream.on('error', () => {})
    stream.destroy()
  } else if (hook.sleep !== undefined) {
    await clock.sleep(hook.sleep.seconds * 1000, signal)
  }
}
