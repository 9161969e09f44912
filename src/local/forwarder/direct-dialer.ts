import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { PodDialer } from '../node/runtime/runtime.ts'

/** Dials addresses that the host itself reaches: the API server, pods in the host's network. */
export const directDialer: PodDialer = {
  async dialTcp(ip, port, signal) {
    const socket = connect({ host: ip, port, allowHalfOpen: true, noDelay: true, ...(signal === undefined ? {} : { signal }) })
    await once(socket, 'connect')
    return socket
  },
  async openUdp(ip, port, onMessage) {
    const socket = createSocket({ type: ip.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 })
    socket.on('message', message => onMessage(message))
    socket.connect(port, ip)
    try {
      await once(socket, 'connect')
    } catch (error) {
      socket.close()
      throw error
    }
    // The port may be closed just now; the next datagram may find it open.
    socket.on('error', () => {})
    let open = true
    return {
      send: data => {
        if (open) socket.send(data, () => {})
      },
      close: () => {
        if (!open) return
        open = false
        socket.close()
      },
    }
  },
}
