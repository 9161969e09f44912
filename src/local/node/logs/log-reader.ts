import { open, stat, type FileHandle } from 'node:fs/promises'
import type { Clock } from '../../../kube/clock.ts'
import type { LogQuery } from '../streams.ts'
import { formatLine, parseCriLine } from './cri-log.ts'

export interface LogSource {
  readonly path: string
  /** Whether more may be written: a follower goes on until this is false and everything is read. */
  isOpen(): boolean
}

const blockSize = 64 * 1024
/** How often a follower looks for more. */
const pollMs = 100

/**
 * The text of a log file, line by line in blocks. Follows a file that is rotated.
 * A file that does not exist yet is empty.
 */
export async function* readLog(source: LogSource, query: LogQuery, clock: Clock, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let budget = query.limitBytes ?? Number.POSITIVE_INFINITY
  let position = query.tailLines === undefined ? 0 : await tailPosition(source.path, query.tailLines)
  let rest: Buffer = Buffer.alloc(0)
  let inode: number | undefined
  while (!signal.aborted && budget > 0) {
    // Asked before reading: what is written before the end is then read in the next round.
    const open = source.isOpen()
    const file = await locate(source.path, inode, position)
    if (file !== undefined && inode !== undefined && file.inode !== inode) rest = Buffer.alloc(0)
    if (file !== undefined) ({ inode, position } = file)
    const block = file === undefined ? undefined : await readBlock(file.path, position)
    if (block !== undefined && block.length > 0) {
      position += block.length
      const data: Buffer = rest.length === 0 ? block : Buffer.concat([rest, block])
      const end = data.lastIndexOf(0x0a) + 1
      rest = data.subarray(end)
      const text = render(data.subarray(0, end), query)
      if (text.length > 0) yield text.subarray(0, budget)
      budget -= text.length
      continue
    }
    if (!query.follow || !open) return
    await clock.sleep(pollMs, signal).catch(() => {})
  }
}

/**
 * Where to read on. A log that grew too long has been renamed to `….1` and begun anew: what was not read of the old file comes first.
 */
async function locate(
  path: string,
  inode: number | undefined,
  position: number,
): Promise<{ path: string; inode: number; position: number } | undefined> {
  const current = await stat(path).catch(() => undefined)
  if (current === undefined) return undefined
  if (inode === undefined || (current.ino === inode && current.size >= position)) return { path, inode: current.ino, position }
  const old = await stat(`${path}.1`).catch(() => undefined)
  if (old?.ino === inode && old.size > position) return { path: `${path}.1`, inode, position }
  return { path, inode: current.ino, position: 0 }
}

function render(lines: Buffer, query: LogQuery): Buffer {
  const since = query.sinceTime?.getTime()
  let text = ''
  for (const raw of lines.toString('utf8').split('\n')) {
    const line = raw === '' ? undefined : parseCriLine(raw)
    if (line === undefined || (since !== undefined && Date.parse(line.time) < since)) continue
    text += formatLine(line, query.timestamps)
  }
  return Buffer.from(text)
}

async function readBlock(path: string, position: number): Promise<Buffer | undefined> {
  await using file = await open(path, 'r')
  return await readAt(file, position, blockSize)
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

/** Where the last `count` lines of a file begin, found by reading backwards. */
async function tailPosition(path: string, count: number): Promise<number> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch {
    return 0
  }
  await using handle = file
  const { size } = await handle.stat()
  if (count <= 0) return size
  let position = size
  // The break at the very end belongs to the last line.
  let wanted = count + 1
  while (position > 0) {
    const length = Math.min(blockSize, position)
    position -= length
    const block = await readAt(handle, position, length)
    for (let index = block.length - 1; index >= 0; index -= 1) {
      if (block[index] !== 0x0a) continue
      wanted -= 1
      if (wanted === 0) return position + index + 1
    }
  }
  return 0
}
