/**
 * Answers the status ping of Minecraft's protocol on TCP 25565: version, and as "description" this server's boot id.
 * For people with netcat: a line `status` gives the same as a line of JSON; any other line comes back after `echo `.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'

import { packet, PacketReader, string } from './packet.mjs'

const {
  BERTH_ROOT: root,
  VERSION: version = 'unknown',
  PROTOCOL: protocol = '0',
  PORT: port = '25565',
  HOSTNAME = 'minecraft',
} = process.env
const host = root === undefined ? '0.0.0.0' : (process.env.POD_IP ?? '127.0.0.1')
const boot = randomUUID()
const sockets = new Set()

const status = () => ({
  version: { name: version, protocol: Number(protocol) },
  players: { max: 20, online: sockets.size - 1 },
  description: { text: `${HOSTNAME}, boot ${boot}` },
})

/** @param {import('node:net').Socket} socket @param {Buffer} first */
function speakMinecraft(socket, first) {
  const reader = new PacketReader()
  let handshaken = false
  const read = data => {
    try {
      for (const { id, content } of reader.push(data)) {
        if (!handshaken) handshaken = true
        else if (id === 0) socket.write(packet(0, string(JSON.stringify(status()))))
        else if (id === 1) socket.end(packet(1, content))
      }
    } catch {
      socket.destroy()
    }
  }
  read(first)
  socket.on('data', read)
}

/** @param {import('node:net').Socket} socket @param {Buffer} first */
function speakLines(socket, first) {
  let rest = ''
  const read = data => {
    const lines = (rest + data).split('\n')
    rest = lines.pop().slice(-4096)
    for (const line of lines) {
      const reply = line.trim() === 'status' ? JSON.stringify({ ...status(), version, boot, pid: process.pid }) : `echo ${line}`
      socket.write(`${reply}\n`)
    }
  }
  read(first)
  socket.on('data', read)
}

const server = createServer({ noDelay: true }, socket => {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
  socket.on('error', () => socket.destroy())
  // A handshake packet is its length, then id 0; no line of text has a zero byte there.
  socket.once('data', first => (first[1] === 0 ? speakMinecraft : speakLines)(socket, first))
})

process.on('SIGTERM', () => {
  server.close()
  for (const socket of sockets) socket.destroy()
})
server.listen(Number(port), host, () => console.log(`minecraft-demo ${version} on ${host}:${port}, process ${process.pid}, boot ${boot}`))
