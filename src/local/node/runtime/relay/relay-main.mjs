/**
 * Runs inside a pod's network namespace and carries connections between it and the runtime outside, over Unix sockets: those go by path and
 * so cross network namespaces. Plain JavaScript with few imports, since one runs per pod.
 *
 * Arguments: SOCKET EGRESS POD_IP [IP:PORT]…
 * On SOCKET each connection starts with one line. `tcp PORT` is answered with `ok` or `error CODE`, then bytes pass both ways. After
 * `udp PORT` frames pass both ways: two bytes of length, then a datagram.
 * Connections of the pod to one of the IP:PORT are passed to the socket EGRESS, after a line `IP PORT`.
 */
import { createSocket } from 'node:dgram'
import { writeSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { frame, Frames, isSelfConnected, readLine, splice } from './relay-wire.mjs'

const [path = '', egress = '', podIP = '', ...reachable] = process.argv.slice(2)

/** @param {import('node:net').Socket} client @param {number} port */
function carryTcp(client, port) {
  const server = connect({ host: podIP, port, noDelay: true, allowHalfOpen: true })
  server.once('error', error => client.end(`error ${'code' in error ? error.code : 'EIO'}\n`))
  server.once('connect', () => {
    server.removeAllListeners('error')
    if (isSelfConnected(server)) {
      server.destroy()
      client.end('error ECONNREFUSED\n')
      return
    }
    client.write('ok\n')
    splice(client, server)
  })
  client.once('close', () => server.destroy())
}

/** @param {import('node:net').Socket} client @param {number} port */
function carryUdp(client, port) {
  const server = createSocket('udp4')
  server.on('error', () => undefined)
  server.on('message', data => {
    // A runtime that does not keep up loses datagrams, as a network would.
    if (client.writableLength < 1_000_000) client.write(frame(data))
  })
  server.connect(port, podIP, () => {
    const frames = new Frames(data => server.send(data, () => undefined))
    client.on('data', data => frames.push(data))
    client.resume()
  })
  client.once('close', () => server.close())
}

const inward = createServer({ allowHalfOpen: true }, client => {
  client.on('error', () => client.destroy())
  readLine(client, line => {
    const [kind, port] = line.split(' ')
    if (kind === 'tcp') carryTcp(client, Number(port))
    else if (kind === 'udp') carryUdp(client, Number(port))
    else client.destroy()
  })
})

const outward = reachable.map(address => {
  const [ip = '', port = ''] = address.split(':')
  const server = createServer({ allowHalfOpen: true, noDelay: true }, client => {
    const outside = connect({ path: egress, allowHalfOpen: true })
    outside.write(`${ip} ${port}\n`)
    splice(client, outside)
  })
  return { server, listen: { host: ip, port: Number(port) } }
})

/** @param {import('node:net').Server} server @param {import('node:net').ListenOptions} options @returns {Promise<void>} */
const listening = (server, options) => new Promise((resolve, reject) => server.once('error', reject).listen(options, () => resolve()))
try {
  await Promise.all([listening(inward, { path }), ...outward.map(({ server, listen }) => listening(server, listen))])
  writeSync(3, 'ok\n')
} catch (error) {
  writeSync(3, `error 1 ${String(error)}\n`)
  process.exit(1)
}
