import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { formatLine, parseCriLine } from './cri-log.ts'

/** What kubelet takes over of a log into `terminated.message`: 80 lines and 2048 bytes at most. */
const mostLines = 80
const mostBytes = 2048
const blockSize = 16 * 1024

/** The end of a container's log, for `terminationMessagePolicy: FallbackToLogsOnError`; empty when there is none. One short synchronous read. */
export function lastLines(path: string): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return ''
  }
  try {
    const { size } = fstatSync(file)
    const buffer = Buffer.alloc(Math.min(size, blockSize))
    readSync(file, buffer, 0, buffer.length, size - buffer.length)
    const lines = buffer
      .toString('utf8')
      .split('\n')
      .map(parseCriLine)
      .filter(line => line !== undefined)
    const text = Buffer.from(
      lines
        .slice(-mostLines)
        .map(line => formatLine(line, false))
        .join(''),
    )
    return text.subarray(Math.max(0, text.length - mostBytes)).toString('utf8')
  } finally {
    closeSync(file)
  }
}
