/** Length-prefixed messages: a flag, four bytes of length, the message. Contract: gRPC over HTTP/2. */

/** A message that is longer is no request of a game. */
export const mostBytes = 4 << 20

export class FrameError extends Error {
  override readonly name = 'FrameError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, 5)
  return frame
}

/** The messages of a stream, one after the other. */
export async function* messagesOf(chunks: AsyncIterable<Buffer>): AsyncIterable<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= 5) {
      const length = rest.readUInt32BE(1)
      if (rest[0] !== 0) throw new FrameError(12, 'compressed messages are not understood')
      if (length > mostBytes) throw new FrameError(8, `a message of ${length} bytes is too long`)
      if (rest.length < 5 + length) break
      yield rest.subarray(5, 5 + length)
      rest = rest.subarray(5 + length)
    }
  }
  if (rest.length > 0) throw new FrameError(13, 'the stream ended in the middle of a message')
}
