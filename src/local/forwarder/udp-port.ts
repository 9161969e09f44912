import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import type { UdpFlow } from '../node/runtime/runtime.ts'
import { createBackendChooser } from './backend-chooser.ts'
import { type BoundPort, dialerFor, type PortContext } from './bound-port.ts'
import { type Backend, type Listener, newCounters } from './listener.ts'

/** Datagrams kept per flow while the way to the pod is being opened; more are dropped, as a full queue does. */
const pendingLimit = 64

interface Flow {
  readonly close: () => void
  /** Undefined while the way to the pod is being opened. */
  upstream: UdpFlow | undefined
  readonly pending: Uint8Array[]
  lastUsed: number
}

/** Binds a UDP listener; rejects with the system's error when that is impossible. One flow per client address and port. */
export async function openUdpPort(initial: Listener, context: PortContext): Promise<BoundPort> {
  const counters = newCounters()
  const chooser = createBackendChooser()
  const flows = new Map<string, Flow>()
  const socket = createSocket({ type: initial.ip.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 })
  let listener = initial
  let closed = false

  const openFlow = (key: string, client: RemoteInfo, backend: Backend): Flow => {
    let ended = false
    const flow: Flow = {
      upstream: undefined,
      pending: [],
      lastUsed: context.clock.now(),
      close() {
        if (ended) return
        ended = true
        registration[Symbol.dispose]()
        if (flows.get(key) === flow) flows.delete(key)
        flow.upstream?.close()
      },
    }
    const registration = context.flows.add(backend.podUid, flow.close)
    flows.set(key, flow)
    counters.accepted++
    const deliver = (data: Uint8Array): void => {
      if (ended || closed) return
      flow.lastUsed = context.clock.now()
      counters.sent += data.byteLength
      socket.send(data, client.port, client.address, () => {})
    }
    dialerFor(backend, context)
      .openUdp(backend.podIP, backend.port, deliver)
      .then(
        upstream => {
          if (ended) return upstream.close()
          flow.upstream = upstream
          for (const data of flow.pending.splice(0)) upstream.send(data)
        },
        (error: unknown) => {
          counters.refused++
          context.logger.debug('No way to the pod', { pod: backend.podUid, port: backend.port, error })
          flow.close()
        },
      )
    return flow
  }

  const receive = (data: Uint8Array, client: RemoteInfo): void => {
    counters.received += data.byteLength
    const key = `${client.address}:${client.port}`
    let flow = flows.get(key)
    if (flow === undefined) {
      const backend = flows.size < context.udpFlowLimit ? chooser.choose(listener, client.address, context.clock.now()) : undefined
      if (backend === undefined) {
        counters.refused++
        return
      }
      flow = openFlow(key, client, backend)
    }
    flow.lastUsed = context.clock.now()
    if (flow.upstream !== undefined) flow.upstream.send(data)
    else if (flow.pending.length < pendingLimit) flow.pending.push(data)
  }

  socket.on('message', receive)
  socket.bind({ address: initial.ip, port: initial.port, exclusive: true })
  try {
    await once(socket, 'listening')
  } catch (error) {
    socket.close()
    throw error
  }
  // A client that has gone away answers by ICMP; that concerns its own flow only, which times out.
  socket.on('error', error => context.logger.debug('UDP listener', { ip: initial.ip, port: initial.port, error }))

  let timer: Disposable
  const sweep = (): void => {
    const oldest = context.clock.now() - context.udpIdleMs
    for (const flow of flows.values()) if (flow.lastUsed <= oldest) flow.close()
    timer = context.clock.after(sweepMs, sweep)
  }
  const sweepMs = Math.max(10, context.udpIdleMs / 4)
  timer = context.clock.after(sweepMs, sweep)

  return {
    get counters() {
      return { ...counters, active: flows.size }
    },
    update(next) {
      listener = next
    },
    async [Symbol.asyncDispose]() {
      closed = true
      timer[Symbol.dispose]()
      for (const flow of flows.values()) flow.close()
      const done = once(socket, 'close')
      socket.close()
      await done
    },
  }
}
