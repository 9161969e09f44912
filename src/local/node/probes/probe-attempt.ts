import type { Duplex } from 'node:stream'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Probe } from '../../../apis/core/types.generated.ts'
import { messageOf } from '../node-error.ts'
import type { ContainerDefinition } from '../pods/container-state.ts'
import { execute } from '../pods/execute.ts'
import type { Container } from '../runtime/runtime.ts'
import { grpcHealth } from './grpc-health.ts'
import { httpGet } from './http-get.ts'
import { portNumber } from './port-name.ts'

export interface ProbeTarget {
  readonly definition: ContainerDefinition
  readonly container: Container
  readonly podIP: string
  /** Opens a stream to a port of the pod, or of another host when the probe names one. */
  dial(host: string, port: number, signal: AbortSignal): Promise<Duplex>
}

export interface ProbeOutcome {
  readonly succeeded: boolean
  /** For the Unhealthy event; empty on success. */
  readonly message: string
}

/** Makes one attempt, bounded by the probe's timeout. Never rejects: whatever goes wrong is a failed attempt. */
export async function attemptProbe(probe: DeepReadonly<Probe>, target: ProbeTarget, stop: AbortSignal): Promise<ProbeOutcome> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout((probe.timeoutSeconds ?? 1) * 1000)])
  try {
    return await attempt(probe, target, signal)
  } catch (error) {
    return { succeeded: false, message: messageOf(error) }
  }
}

async function attempt(probe: DeepReadonly<Probe>, target: ProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  const { definition, podIP } = target
  if (probe.exec !== undefined) {
    const { exitCode, output } = await execute(target.container, probe.exec.command ?? [], signal)
    return { succeeded: exitCode === 0, message: exitCode === 0 ? '' : output.trim() }
  }
  if (probe.httpGet !== undefined) {
    const port = portNumber(definition, probe.httpGet.port)
    const host = probe.httpGet.host ?? podIP
    const { status } = await httpGet(await target.dial(host, port, signal), probe.httpGet, `${host}:${port}`, signal)
    const succeeded = status >= 200 && status < 400
    return { succeeded, message: succeeded ? '' : `HTTP probe failed with statuscode: ${status}` }
  }
  if (probe.tcpSocket !== undefined) {
    const stream = await target.dial(probe.tcpSocket.host ?? podIP, portNumber(definition, probe.tcpSocket.port), signal)
    stream.on('error', () => {})
    stream.destroy()
    return { succeeded: true, message: '' }
  }
  if (probe.grpc !== undefined) {
    const status = await grpcHealth(await target.dial(podIP, probe.grpc.port, signal), probe.grpc.service ?? '', signal)
    return { succeeded: status === 'SERVING', message: status === 'SERVING' ? '' : `service unhealthy (responded with "${status}")` }
  }
  return { succeeded: true, message: '' }
}
