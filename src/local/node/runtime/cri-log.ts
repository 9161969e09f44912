import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'

/** Longest piece of a line in one record, as containerd has it; longer lines are cut into `P` (partial) records and a last `F`. */
const longestRecord = 16 * 1024
const newline = 0x0a

/** One output stream of a container, cut into CRI records. Bytes that are not UTF-8 pass unchanged. */
export class CriRecords {
  readonly #stream: 'stdout' | 'stderr'
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: 'stdout' | 'stderr') {
    this.#stream = stream
  }

  /** The records that `data` completes. */
  push(data: Buffer, now: Date): Buffer[] {
    const records: Buffer[] = []
    let buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data
    for (;;) {
      const end = buffer.indexOf(newline)
      if (end >= 0 && end <= longestRecord) {
        records.push(this.#record('F', buffer.subarray(0, end), now))
        buffer = buffer.subarray(end + 1)
      } else if (buffer.length > longestRecord) {
        records.push(this.#record('P', buffer.subarray(0, longestRecord), now))
        buffer = buffer.subarray(longestRecord)
      } else break
    }
    this.#rest = Buffer.from(buffer)
    return records
  }

  /** A last line without line feed, when the container has ended. */
  end(now: Date): Buffer[] {
    const rest = this.#rest
    this.#rest = Buffer.alloc(0)
    return rest.length > 0 ? [this.#record('F', rest, now)] : []
  }

  #record(tag: 'F' | 'P', text: Buffer, now: Date): Buffer {
    // Kubernetes prints RFC 3339 with nanoseconds; the clock has milliseconds.
    const time = now.toISOString().replace('Z', '000000Z')
    return Buffer.concat([Buffer.from(`${time} ${this.#stream} ${tag} `), text, Buffer.from('\n')])
  }
}

export interface CriLogOptions {
  readonly path: string
  /** The file is renamed to `<path>.1` (replacing an older one) when it grew beyond this. Default 10 MiB, the kubelet's. */
  readonly maxBytes?: number
  readonly now: () => Date
}

/** Appends a container's stdout and stderr to a file in the CRI log format. */
export class CriLog {
  readonly #path: string
  readonly #maxBytes: number
  readonly #now: () => Date
  #file: WriteStream
  #size: number
  #rotating: Promise<void> | undefined
  #waiting: Buffer[] = []

  private constructor(options: CriLogOptions, size: number) {
    this.#path = options.path
    this.#maxBytes = options.maxBytes ?? 10 * 1024 * 1024
    this.#now = options.now
    this.#file = this.#open()
    this.#size = size
  }

  /** Opens the file for appending and creates its folder when there is none. */
  static async open(options: CriLogOptions): Promise<CriLog> {
    await mkdir(dirname(options.path), { recursive: true })
    const size = await stat(options.path).then(
      found => found.size,
      () => 0,
    )
    return new CriLog(options, size)
  }

  /** Copies a stream until it ends. */
  async copy(stream: 'stdout' | 'stderr', from: Readable): Promise<void> {
    const records = new CriRecords(stream)
    from.on('data', (data: Buffer) => {
      // A container that prints faster than the disk takes it is slowed down by its pipe, not kept in memory.
      if (this.#write(records.push(data, this.#now()))) return
      from.pause()
      this.#file.once('drain', () => from.resume())
    })
    await finished(from, { writable: false }).catch(() => undefined)
    this.#write(records.end(this.#now()))
  }

  /** Copies the whole output of a process, then closes the file. */
  async record(output: { readonly stdout: Readable; readonly stderr: Readable }): Promise<void> {
    await Promise.all([this.copy('stdout', output.stdout), this.copy('stderr', output.stderr)])
    await this.close()
  }

  async close(): Promise<void> {
    await this.#rotating
    this.#file.end()
    await finished(this.#file).catch(() => undefined)
  }

  #write(records: readonly Buffer[]): boolean {
    if (records.length === 0) return true
    const data = records.length === 1 && records[0] !== undefined ? records[0] : Buffer.concat(records)
    if (this.#rotating !== undefined) {
      this.#waiting.push(data)
      return true
    }
    this.#size += data.length
    if (this.#size <= this.#maxBytes) return this.#file.write(data)
    this.#waiting.push(data)
    this.#rotating = this.#rotate()
    return true
  }

  async #rotate(): Promise<void> {
    const old = this.#file
    old.end()
    await finished(old).catch(() => undefined)
    await rename(this.#path, `${this.#path}.1`).catch(() => undefined)
    this.#file = this.#open()
    const waiting = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#size = waiting.length
    this.#rotating = undefined
    this.#file.write(waiting)
  }

  #open(): WriteStream {
    const file = createWriteStream(this.#path, { flags: 'a' })
    // A full disk must not end the cluster: the container goes on, its log does not.
    file.on('error', () => undefined)
    return file
  }
}
