import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CriLog, CriRecords } from './cri-log.ts'

const now = new Date('2026-01-02T03:04:05.678Z')
const time = '2026-01-02T03:04:05.678000000Z'

/** The text that a reader of the log puts together again. */
function text(records: readonly Buffer[]): string {
  return Buffer.concat(records)
    .toString()
    .split('\n')
    .slice(0, -1)
    .map(line => {
      const [, , tag] = line.split(' ', 3)
      const body = line.slice(line.indexOf(` ${tag} `) + 3)
      return tag === 'F' ? `${body}\n` : body
    })
    .join('')
}

describe('CriRecords', () => {
  it('writes time, stream and tag before each line', () => {
    const records = new CriRecords('stdout')
    expect(records.push(Buffer.from('one\ntwo'), now).map(String)).toEqual([`${time} stdout F one\n`])
    expect(records.push(Buffer.from(' and a half\n\n'), now).map(String)).toEqual([
      `${time} stdout F two and a half\n`,
      `${time} stdout F \n`,
    ])
    expect(records.end(now)).toEqual([])
  })

  it('keeps a last line without line feed', () => {
    const records = new CriRecords('stderr')
    records.push(Buffer.from('bye'), now)
    expect(records.end(now).map(String)).toEqual([`${time} stderr F bye\n`])
  })

  it('cuts long lines into partial records', () => {
    const records = new CriRecords('stdout')
    const tags = records.push(Buffer.from(`${'x'.repeat(40_000)}\n`), now).map(record => String(record).split(' ')[2])
    expect(tags).toEqual(['P', 'P', 'F'])
  })

  it('loses no byte however the output is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 40_000 })), fc.array(fc.nat(30_000), { maxLength: 20 }), (lines, cuts) => {
        const whole = Buffer.from(lines.map(line => `${line.replaceAll('\n', ' ')}\n`).join(''))
        const records = new CriRecords('stdout')
        const out: Buffer[] = []
        let at = 0
        for (const cut of cuts) {
          out.push(...records.push(whole.subarray(at, at + cut), now))
          at += cut
        }
        out.push(...records.push(whole.subarray(at), now), ...records.end(now))
        expect(text(out)).toBe(whole.toString())
      }),
      { numRuns: 30 },
    )
  })
})

describe('CriLog', () => {
  it('appends, and starts a new file when the bound is reached without losing a line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cri-log-'))
    try {
      const path = join(folder, 'game', '0.log')
      const log = await CriLog.open({ path, maxBytes: 2000, now: () => now })
      const lines = Array.from({ length: 60 }, (_, n) => `line ${n}\n`)
      await log.copy('stdout', Readable.from(lines.map(line => Buffer.from(line))))
      await log.close()
      const [old, current] = await Promise.all([readFile(`${path}.1`), readFile(path)])
      expect(text([old, current]).endsWith(lines.slice(-3).join(''))).toBe(true)
      expect(old.length).toBeLessThanOrEqual(2000)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
