import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Sends one datagram and waits for the answer; repeats it, by default after 150 ms, as UDP may lose. Gives up after `timeout` ms, by default 3000. */
export async function udpAsk(host: string, port: number, message: string, { timeout = 3000, every = 150 } = {}): Promise<string> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  try {
    const answer = once(socket, 'message') as Promise<[Buffer]>
    const until = Date.now() + timeout
    let result: string | undefined
    const waiting = answer.then(([data]) => (result = data.toString()))
    while (result === undefined) {
      if (Date.now() > until) throw new Error(`no datagram from ${host}:${port} within ${timeout} ms`)
      socket.send(message, port, host)
      await Promise.race([waiting, sleep(Math.min(every, Math.max(1, until - Date.now())))])
    }
    return result
  } finally {
    socket.close()
  }
}

/** Opens a TCP connection, sends `message` and returns what comes first. */
export async function tcpAsk(host: string, port: number, message: string, timeout = 3000): Promise<string> {
  const socket = connect({ host, port })
  socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer from ${host}:${port} within ${timeout} ms`)))
  try {
    await once(socket, 'connect')
    socket.write(message)
    const [data] = (await once(socket, 'data')) as [Buffer]
    return data.toString()
  } finally {
    socket.destroy()
  }
}
