/** The server's side of a WebSocket (RFC 6455): text messages, ping, close; no extensions. */
import { createHash } from 'node:crypto'

const longestMessage = 64 * 1024
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

/** The answer to a client's handshake; undefined when the request is none. @param {import('node:http').IncomingMessage} request */
export function handshake(request) {
  const key = request.headers['sec-websocket-key']
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || key === undefined) return undefined
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}

/** One frame from the server to a client, which is never masked. @param {number} opcode @param {Uint8Array} payload */
export function encodeFrame(opcode, payload) {
  const { length } = payload
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, length])
      : length < 65_536
        ? Buffer.from([0x80 | opcode, 126, length >> 8, length & 255])
        : Buffer.concat([Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0]), uint32(length)])
  return Buffer.concat([head, payload])
}

/** @param {number} value */
function uint32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Cuts what a client sends into messages. */
export class MessageReader {
  #rest = Buffer.alloc(0)
  /** @type {Buffer[]} */
  #fragments = []

  /**
   * @param {Buffer} data
   * @returns {{ opcode: number, payload: Buffer }[]} complete messages and control frames
   * @throws {Error} when the client does not keep to the protocol
   */
  push(data) {
    const messages = []
    this.#rest = Buffer.concat([this.#rest, data])
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      if (frame.opcode >= opcodes.close) {
        messages.push(frame)
        continue
      }
      this.#fragments.push(frame.payload)
      if (this.#fragments.reduce((sum, part) => sum + part.length, 0) > longestMessage) throw new Error('message too long')
      if (!frame.last) continue
      messages.push({ opcode: opcodes.text, payload: Buffer.concat(this.#fragments) })
      this.#fragments = []
    }
    return messages
  }

  #next() {
    const buffer = this.#rest
    if (buffer.length < 2) return undefined
    if ((buffer[1] & 0x80) === 0) throw new Error('a client must mask its frames')
    const short = buffer[1] & 0x7f
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
    const start = 2 + lengthBytes + 4
    if (buffer.length < start) return undefined
    const length = lengthBytes === 0 ? short : Number(lengthBytes === 2 ? buffer.readUInt16BE(2) : buffer.readBigUInt64BE(2))
    if (length > longestMessage) throw new Error('message too long')
    if (buffer.length < start + length) return undefined
    const mask = buffer.subarray(start - 4, start)
    const payload = Buffer.from(buffer.subarray(start, start + length))
    for (let at = 0; at < length; at++) payload[at] ^= mask[at & 3]
    this.#rest = buffer.subarray(start + length)
    return { opcode: buffer[0] & 0x0f, last: (buffer[0] & 0x80) !== 0, payload }
  }
}

/** A connection with a player, after the handshake. */
export class WebSocketConnection {
  #socket
  #closed = false

  /**
   * @param {import('node:net').Socket} socket
   * @param {{ onMessage: (text: string) => void, onClose: () => void }} handlers
   */
  constructor(socket, { onMessage, onClose }) {
    this.#socket = socket
    const reader = new MessageReader()
    socket.setNoDelay(true)
    socket.on('data', data => {
      try {
        for (const { opcode, payload } of reader.push(data)) {
          if (opcode === opcodes.text) onMessage(payload.toString())
          else if (opcode === opcodes.ping) this.#send(opcodes.pong, payload)
          else if (opcode === opcodes.close) this.close(payload.subarray(0, 2))
        }
      } catch {
        this.close(Buffer.from([0x03, 0xea])) // 1002, protocol error
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', onClose)
  }

  /** @param {string} text */
  send(text) {
    this.#send(opcodes.text, Buffer.from(text))
  }

  /** @param {Buffer} code two bytes; 1001 (going away) by default */
  close(code = Buffer.from([0x03, 0xe9])) {
    if (this.#closed) return
    this.#send(opcodes.close, code)
    this.#closed = true
    this.#socket.end()
  }

  /** @param {number} opcode @param {Buffer} payload */
  #send(opcode, payload) {
    if (!this.#closed && this.#socket.writable) this.#socket.write(encodeFrame(opcode, payload))
  }
}
