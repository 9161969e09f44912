/** What both ends of a relay's Unix socket agree on. Shared by the runtime and by the process inside the pod. */

/**
 * Hands over the first line of a connection; what follows it stays in the stream, which is then paused.
 * @param {import('node:net').Socket} socket
 * @param {(line: string) => void} onLine
 */
export function readLine(socket, onLine) {
  let head = Buffer.alloc(0)
  /** @param {Buffer} data */
  const read = data => {
    head = Buffer.concat([head, data])
    const end = head.indexOf(0x0a)
    if (end < 0) {
      if (head.length > 200) socket.destroy()
      return
    }
    socket.off('data', read)
    socket.pause()
    if (end + 1 < head.length) socket.unshift(head.subarray(end + 1))
    onLine(head.subarray(0, end).toString())
  }
  socket.on('data', read)
}

/**
 * Joins two connections: each end of input is passed on, a broken one breaks the other.
 * @param {import('node:net').Socket} a
 * @param {import('node:net').Socket} b
 */
export function splice(a, b) {
  for (const [from, to] of /** @type {const} */ ([
    [a, b],
    [b, a],
  ])) {
    from.on('error', () => to.destroy())
    from.once('close', () => to.destroySoon())
    from.pipe(to)
  }
}

/**
 * Whether a connection leads to itself: to a port that nobody listens on, the kernel may choose that very port as its source, and then it
 * connects the socket with itself. To whoever dialled, that port is closed.
 * @param {import('node:net').Socket} socket connected
 */
export function isSelfConnected(socket) {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress
}

/** @param {Uint8Array} data a datagram, at most 65,507 bytes */
export function frame(data) {
  const framed = Buffer.allocUnsafe(2 + data.length)
  framed.writeUInt16BE(data.length)
  framed.set(data, 2)
  return framed
}

/** Cuts a byte stream into the datagrams that {@link frame} put into it. */
export class Frames {
  #rest = Buffer.alloc(0)
  #onFrame

  /** @param {(data: Buffer) => void} onFrame */
  constructor(onFrame) {
    this.#onFrame = onFrame
  }

  /** @param {Buffer} data */
  push(data) {
    let buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data
    while (buffer.length >= 2 && buffer.length >= 2 + buffer.readUInt16BE()) {
      const end = 2 + buffer.readUInt16BE()
      this.#onFrame(buffer.subarray(2, end))
      buffer = buffer.subarray(end)
    }
    this.#rest = Buffer.from(buffer)
  }
}
