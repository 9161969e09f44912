import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib'
import { headerDictionary } from './dictionary.ts'

/** Header names in lower case. */
export type SpdyHeaders = Readonly<Record<string, string>>

/** Compresses header blocks. All blocks of one direction share one zlib stream, so calls must not overlap. */
export class HeaderWriter {
  readonly #deflate: Deflate = createDeflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH })
  #chunks: Buffer[] = []

  constructor() {
    this.#deflate.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
  }

  write(headers: SpdyHeaders): Promise<Buffer> {
    const parts = Object.entries(headers).flatMap(([name, value]) => [sized(name.toLowerCase()), sized(value)])
    const count = Buffer.alloc(4)
    count.writeUInt32BE(parts.length / 2)
    return new Promise((resolve, reject) => {
      this.#deflate.write(Buffer.concat([count, ...parts]), error => {
        if (error !== null && error !== undefined) reject(error)
        else this.#deflate.flush(constants.Z_SYNC_FLUSH, () => resolve(this.#take()))
      })
    })
  }

  close(): void {
    this.#deflate.destroy()
  }

  #take(): Buffer {
    const result = Buffer.concat(this.#chunks)
    this.#chunks = []
    return result
  }
}

/** Reads what a {@link HeaderWriter} on the other side wrote. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH })
  #chunks: Buffer[] = []

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
    this.#inflate.on('error', () => undefined)
  }

  /** Rejects when the block is not what zlib or SPDY expect. */
  read(block: Uint8Array): Promise<SpdyHeaders> {
    return new Promise((resolve, reject) => {
      // A block that zlib refuses is reported by the event alone.
      this.#inflate.once('error', reject)
      this.#inflate.write(block, error => {
        this.#inflate.off('error', reject)
        if (error !== null && error !== undefined) reject(error)
        else resolve(parse(this.#take()))
      })
    })
  }

  close(): void {
    this.#inflate.destroy()
  }

  #take(): Buffer {
    const result = Buffer.concat(this.#chunks)
    this.#chunks = []
    return result
  }
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text)
  const result = Buffer.alloc(4 + bytes.length)
  result.writeUInt32BE(bytes.length)
  bytes.copy(result, 4)
  return result
}

function parse(block: Buffer): SpdyHeaders {
  const headers: Record<string, string> = {}
  let at = 4
  const next = () => {
    const length = block.readUInt32BE(at)
    const text = block.toString('utf8', at + 4, at + 4 + length)
    at += 4 + length
    return text
  }
  for (let count = block.readUInt32BE(0); count > 0; count--) {
    const name = next().toLowerCase()
    headers[name] = next()
  }
  return headers
}
