/** The control frames of SPDY/3.1 that matter here. */
export const SYN_STREAM = 1
export const SYN_REPLY = 2
export const RST_STREAM = 3
export const PING = 6

/** The last frame of its side of a stream. */
export const FIN = 1

const VERSION = 3

export interface ControlFrame {
  readonly control: true
  readonly type: number
  readonly flags: number
  readonly payload: Buffer
}

export interface DataFrame {
  readonly control: false
  readonly streamId: number
  readonly flags: number
  readonly payload: Buffer
}

/** Cuts a stream of bytes into frames, whatever the sizes in which they arrive. */
export class FrameParser {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that these bytes complete. */
  *push(bytes: Uint8Array): IterableIterator<ControlFrame | DataFrame> {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= 8) {
      const length = this.#rest.readUIntBE(5, 3)
      if (this.#rest.length < 8 + length) return
      const head = this.#rest.readUInt32BE(0)
      const flags = this.#rest.readUInt8(4)
      const payload = this.#rest.subarray(8, 8 + length)
      this.#rest = this.#rest.subarray(8 + length)
      if (head >>> 31 === 1) yield { control: true, type: head & 0xffff, flags, payload }
      else yield { control: false, streamId: head, flags, payload }
    }
  }
}

export function controlFrame(type: number, flags: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(8 + payload.length)
  frame.writeUInt32BE((0x8000 | VERSION) * 0x10000 + type)
  frame.writeUInt8(flags, 4)
  frame.writeUIntBE(payload.length, 5, 3)
  frame.set(payload, 8)
  return frame
}

export function dataFrame(streamId: number, flags: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(8 + payload.length)
  frame.writeUInt32BE(streamId)
  frame.writeUInt8(flags, 4)
  frame.writeUIntBE(payload.length, 5, 3)
  frame.set(payload, 8)
  return frame
}

/** A payload of 32-bit numbers. */
export function words(...numbers: readonly number[]): Buffer {
  const payload = Buffer.alloc(numbers.length * 4)
  for (const [index, number] of numbers.entries()) payload.writeUInt32BE(number >>> 0, index * 4)
  return payload
}
