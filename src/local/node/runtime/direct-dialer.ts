import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { dialError } from './dial-error.ts'
import { isSelfConnected } from './relay/relay-wire.mjs'
import type { PodDialer, UdpFlow } from './runtime.ts'

/** Reaches pods whose addresses this host can route to. */
export const directDialer: PodDialer = {
  async dialTcp(podIP: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    const socket = connect({ host: podIP, port, noDelay: true, allowHalfOpen: true })
    try {
      await once(socket, 'connect', signal === undefined ? {} : { signal })
      if (isSelfConnected(socket)) throw dialError('ECONNREFUSED', podIP, port)
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    }
  },

  async openUdp(podIP: string, port: number, onMessage: (data: Uint8Array) => void): Promise<UdpFlow> {
    const socket = createSocket({ type: podIP.includes(':') ? 'udp6' : 'udp4' })
    // A closed port answers with ECONNREFUSED; to the player that is a lost datagram, as on any network.
    socket.on('error', () => undefined)
    socket.on('message', onMessage)
    socket.connect(port, podIP)
    await once(socket, 'connect')
    let closed = false
    return {
      send(data) {
        if (!closed) socket.send(data, () => undefined)
      },
      close() {
        if (closed) return
        closed = true
        socket.close()
      },
    }
  },
}
