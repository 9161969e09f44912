/** Minecraft's wire format: a packet is its length, its id and its content; numbers are variable-length, as in protocol buffers. */

/** @param {number} value not negative */
export function varint(value) {
  const bytes = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}

/**
 * @param {Buffer} buffer @param {number} at
 * @returns {{ value: number, end: number } | undefined} undefined when more bytes are needed
 */
export function readVarint(buffer, at = 0) {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = buffer[at++]
    if (byte === undefined) return undefined
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return { value, end: at }
  }
  throw new Error('number too long')
}

/** @param {string} text */
export function string(text) {
  const bytes = Buffer.from(text)
  return Buffer.concat([varint(bytes.length), bytes])
}

/** @param {number} id @param {Uint8Array[]} content */
export function packet(id, ...content) {
  const body = Buffer.concat([varint(id), ...content])
  return Buffer.concat([varint(body.length), body])
}

/** Cuts a byte stream into packets. */
export class PacketReader {
  #rest = Buffer.alloc(0)

  /** @param {Buffer} data @returns {{ id: number, content: Buffer }[]} @throws {Error} when the bytes are no packets */
  push(data) {
    this.#rest = Buffer.concat([this.#rest, data])
    const packets = []
    for (;;) {
      const length = readVarint(this.#rest)
      if (length === undefined || this.#rest.length < length.end + length.value) return packets
      if (length.value > 4096) throw new Error('packet too long')
      const body = this.#rest.subarray(length.end, length.end + length.value)
      this.#rest = this.#rest.subarray(length.end + length.value)
      const id = readVarint(body)
      if (id === undefined) throw new Error('packet without id')
      packets.push({ id: id.value, content: body.subarray(id.end) })
    }
  }
}
