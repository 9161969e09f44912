import { type MessagePort, MessageQueue } from '../message-port.ts'
import {
  controlFrame,
  dataFrame,
  FIN,
  FrameParser,
  type ControlFrame,
  type DataFrame,
  PING,
  RST_STREAM,
  SYN_REPLY,
  SYN_STREAM,
  words,
} from './frames.ts'
import { HeaderReader, HeaderWriter, type SpdyHeaders } from './header-codec.ts'

/** Larger writes are cut, so that streams take turns. */
const MAX_DATA = 64 * 1024

const EMPTY = new Uint8Array()

/** One stream of a connection. Each side ends on its own. */
export class SpdyStream {
  readonly id: number
  readonly headers: SpdyHeaders
  readonly received = new MessageQueue()
  readonly #write: (frame: Uint8Array) => Promise<void>
  #ended = false

  constructor(id: number, headers: SpdyHeaders, write: (frame: Uint8Array) => Promise<void>) {
    this.id = id
    this.headers = headers
    this.#write = write
  }

  async send(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length && !this.#ended; at += MAX_DATA) {
      await this.#write(dataFrame(this.id, 0, data.subarray(at, at + MAX_DATA)))
    }
  }

  /** Ends our side; what was sent before still arrives. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#write(dataFrame(this.id, FIN, EMPTY))
  }

  /** Until the other side ends the stream or the connection is gone. */
  messages(): AsyncIterable<Uint8Array> {
    return this.received.read()
  }
}

/**
 * A SPDY/3.1 connection as Kubernetes uses it for exec and port-forward: streams with headers, no flow control.
 * It runs over anything that carries bytes; the boundaries of messages mean nothing.
 */
export class SpdyConnection {
  readonly #port: MessagePort
  readonly #onStream: (stream: SpdyStream) => void
  readonly #streams = new Map<number, SpdyStream>()
  readonly #reader = new HeaderReader()
  readonly #writer = new HeaderWriter()
  #nextId = 1
  #headers: Promise<unknown> = Promise.resolve()

  /** @param onStream called for each stream that the other side opens, in order */
  constructor(port: MessagePort, onStream: (stream: SpdyStream) => void) {
    this.#port = port
    this.#onStream = onStream
  }

  /** Reads until the connection ends. Rejects when the other side does not speak SPDY. */
  async run(): Promise<void> {
    const parser = new FrameParser()
    try {
      for await (const bytes of this.#port.messages()) {
        for (const frame of parser.push(bytes)) await (frame.control ? this.#control(frame) : this.#data(frame))
      }
    } finally {
      for (const stream of this.#streams.values()) stream.received.end()
      this.#streams.clear()
      this.#reader.close()
      this.#writer.close()
      this.#port.close()
    }
  }

  /** Opens a stream, as clients do: their ids are odd. */
  async open(headers: SpdyHeaders): Promise<SpdyStream> {
    const id = this.#nextId
    this.#nextId += 2
    const stream = new SpdyStream(id, headers, frame => this.#port.send(frame))
    this.#streams.set(id, stream)
    await this.#sendHeaders(headers, block => controlFrame(SYN_STREAM, 0, Buffer.concat([words(id, 0), Buffer.alloc(2), block])))
    return stream
  }

  /** Header blocks must go out in the order in which they were compressed. */
  async #sendHeaders(headers: SpdyHeaders, frame: (block: Buffer) => Buffer): Promise<void> {
    const previous = this.#headers
    const sent = (async () => {
      await previous.catch(() => undefined)
      await this.#port.send(frame(await this.#writer.write(headers)))
    })()
    this.#headers = sent
    await sent
  }

  async #control({ type, flags, payload }: ControlFrame): Promise<void> {
    switch (type) {
      case SYN_STREAM: {
        const id = payload.readUInt32BE(0)
        const headers = await this.#reader.read(payload.subarray(10))
        const stream = new SpdyStream(id, headers, frame => this.#port.send(frame))
        this.#streams.set(id, stream)
        if ((flags & FIN) !== 0) stream.received.end()
        await this.#sendHeaders({}, block => controlFrame(SYN_REPLY, 0, Buffer.concat([words(id), block])))
        this.#onStream(stream)
        return
      }
      case SYN_REPLY:
        // Nothing is in it, but the zlib stream goes through it.
        await this.#reader.read(payload.subarray(4))
        return
      case RST_STREAM: {
        const id = payload.readUInt32BE(0)
        this.#streams.get(id)?.received.end()
        this.#streams.delete(id)
        return
      }
      case PING:
        await this.#port.send(controlFrame(PING, 0, payload))
        return
      default:
    }
  }

  async #data({ streamId, flags, payload }: DataFrame): Promise<void> {
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    if (payload.length > 0) await stream.received.push(payload)
    if ((flags & FIN) !== 0) {
      stream.received.end()
      this.#streams.delete(streamId)
    }
  }
}
