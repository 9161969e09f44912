/**
 * TCP 8000 takes lines: `status` answers JSON with the room's own public addresses, anything else is said to everybody in the room.
 * UDP 8001 takes moves: each datagram comes back with a counter before it.
 */
import { randomUUID } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

import { OwnAddress } from './own-address.mjs'

const {
  BERTH_ROOT: root,
  TCP_PORT = '8000',
  UDP_PORT = '8001',
  NETWORK_STATUS = '/etc/podinfo/network-status',
  HOSTNAME = 'room',
} = process.env
const host = root === undefined ? '0.0.0.0' : (process.env.POD_IP ?? '127.0.0.1')
const boot = randomUUID()
const ending = new AbortController()
/** @type {Set<import('node:net').Socket>} */
const players = new Set()
let moves = 0

const own = new OwnAddress(NETWORK_STATUS, addresses => {
  console.log(
    addresses.length === 0
      ? 'no public address yet'
      : `players reach this room at ${addresses.map(({ protocol, address }) => `${protocol} ${address}`).join(', ')}`,
  )
})

/** @param {string} line @param {import('node:net').Socket} from */
function take(line, from) {
  if (line.trim() === 'status') {
    const status = { room: HOSTNAME, boot, pid: process.pid, players: players.size, moves, addresses: own.addresses }
    from.write(`${JSON.stringify(status)}\n`)
  } else for (const player of players) player.write(`${line}\n`)
}

const server = createServer({ noDelay: true }, socket => {
  players.add(socket)
  socket.on('close', () => players.delete(socket))
  socket.on('error', () => socket.destroy())
  socket.setEncoding('utf8')
  let rest = ''
  socket.on('data', data => {
    const lines = (rest + data).split('\n')
    rest = lines.pop().slice(-4096)
    for (const line of lines) take(line, socket)
  })
})
const udp = createSocket('udp4', (data, { address, port }) => udp.send(Buffer.concat([Buffer.from(`${++moves} `), data]), port, address))

process.on('SIGTERM', () => {
  ending.abort()
  server.close()
  udp.close()
  for (const player of players) player.destroy()
})
await own.follow(ending.signal)
udp.bind(Number(UDP_PORT), host)
server.listen(Number(TCP_PORT), host, () => console.log(`room ${HOSTNAME} on ${host}, TCP ${TCP_PORT} and UDP ${UDP_PORT}, boot ${boot}`))
