import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdirSync, openSync, rmSync, unlinkSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { isMainThread } from 'node:worker_threads'

/** What a process writes, as its starter reads it. */
export interface ProcessOutput {
  readonly stdout: Readable
  readonly stderr: Readable
}

/** How many are made by one call of `mkfifo`. */
const batch = 32

/**
 * Real pipes for the output of containers. What Node calls a pipe is a socket, and a program cannot open `/dev/stdout` when that is a socket;
 * many servers write their logs there.
 */
export class OutputPipes {
  readonly #folder: string
  readonly #ready: string[] = []
  #making: Promise<void> | undefined
  #count = 0

  /** @param folder emptied now; named pipes lie there for the moment between their making and their opening */
  constructor(folder: string) {
    this.#folder = folder
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  /**
   * Starts a process whose stdout and stderr are pipes.
   * @param start gets what the process is to have as stdout and stderr; file descriptors are closed here afterwards
   * @throws Error on file systems without named pipes
   */
  async connect(
    start: (stdout: number | 'pipe', stderr: number | 'pipe') => ChildProcess,
  ): Promise<{ child: ChildProcess; output: ProcessOutput }> {
    // A worker thread that ends closes the descriptors it has opened, also those that a socket has closed long ago and somebody else has now.
    if (!isMainThread) {
      const child = start('pipe', 'pipe')
      if (child.stdout === null || child.stderr === null) throw new TypeError('the process has no output')
      return { child, output: { stdout: child.stdout, stderr: child.stderr } }
    }
    while (this.#ready.length < 2) await (this.#making ??= this.#make())
    const [stdout, stderr] = [this.#open(), this.#open()]
    try {
      return { child: start(stdout.writeEnd, stderr.writeEnd), output: { stdout: stdout.read, stderr: stderr.read } }
    } finally {
      closeSync(stdout.writeEnd)
      closeSync(stderr.writeEnd)
    }
  }

  #open(): { writeEnd: number; read: Readable } {
    const path = this.#ready.pop() ?? ''
    // Not blocking, so that opening does not wait for the other end; and the reading end first, since the writing one needs a reader.
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writeEnd = openSync(path, constants.O_WRONLY)
    unlinkSync(path)
    const read = new Socket({ fd: readEnd, readable: true, writable: false })
    read.on('error', () => undefined)
    return { writeEnd, read }
  }

  async #make(): Promise<void> {
    try {
      const names = Array.from({ length: batch }, () => String(this.#count++))
      // Everybody may open them again by /dev/stdout, also a program that gave up being root; the folder keeps others out.
      const child = spawn('mkfifo', ['-m', '666', ...names], { cwd: this.#folder, stdio: 'ignore', env: { PATH: '/usr/bin:/bin' } })
      const [code] = (await once(child, 'close')) as [number | null]
      if (code !== 0) throw new Error(`mkfifo in ${this.#folder} ended with ${code}`)
      this.#ready.push(...names.map(name => join(this.#folder, name)))
    } finally {
      this.#making = undefined
    }
  }
}

/** Resolves when a process that has ended has also been read to the end; what nobody reads is dropped. */
export async function drained({ stdout, stderr }: ProcessOutput): Promise<void> {
  const ends = [stdout, stderr].map(async stream => {
    if (stream.readableFlowing === null && stream.listenerCount('readable') === 0) stream.resume()
    if (!stream.closed) await finished(stream, { writable: false }).catch(() => undefined)
  })
  await Promise.all(ends)
}
