import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../kube/clock.ts'
import type { LogQuery } from '../streams.ts'
import { parseCriLine } from './cri-log.ts'
import { readLog } from './log-reader.ts'
import { lastLines } from './last-lines.ts'

const time = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000000Z`
const line = (second: number, text: string, tag = 'F') => `${time(second)} stdout ${tag} ${text}\n`
const plain: LogQuery = { follow: false, previous: false, timestamps: false }

let path: string
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logs-'))
  path = join(folder, '0.log')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function read(query: Partial<LogQuery>, isOpen = () => false): Promise<string> {
  let text = ''
  for await (const chunk of readLog({ path, isOpen }, { ...plain, ...query }, systemClock, new AbortController().signal))
    text += Buffer.from(chunk).toString()
  return text
}

describe('parseCriLine', () => {
  test.each([
    [`${time(1)} stdout F hello world`, { time: time(1), stream: 'stdout', partial: false, text: 'hello world' }],
    [`${time(1)} stderr P part`, { time: time(1), stream: 'stderr', partial: true, text: 'part' }],
    [`${time(1)} stdout F `, { time: time(1), stream: 'stdout', partial: false, text: '' }],
    ['nonsense', undefined],
    ['a b c d', undefined],
  ])('%s', (text, expected) => {
    expect(parseCriLine(text)).toEqual(expected)
  })
})

describe('readLog', () => {
  test('joins partial lines, shows times, tails, limits', async () => {
    await writeFile(path, line(1, 'one') + line(2, 'tw', 'P') + line(2, 'o') + line(3, 'three'))
    expect(await read({})).toBe('one\ntwo\nthree\n')
    expect(await read({ tailLines: 1 })).toBe('three\n')
    expect(await read({ tailLines: 0 })).toBe('')
    expect(await read({ tailLines: 99 })).toBe('one\ntwo\nthree\n')
    expect(await read({ limitBytes: 5 })).toBe('one\nt')
    expect(await read({ sinceTime: new Date('2026-01-01T00:00:03Z'), timestamps: true })).toBe(`${time(3)} three\n`)
  })

  test('a log that is not there yet is empty', async () => {
    expect(await read({})).toBe('')
  })

  test('follows until the container has ended and everything is read', async () => {
    await writeFile(path, line(1, 'one'))
    let open = true
    const followed = read({ follow: true }, () => open)
    await appendFile(path, line(2, 'two'))
    await systemClock.sleep(150)
    await appendFile(path, line(3, 'three'))
    open = false
    expect(await followed).toBe('one\ntwo\nthree\n')
  })

  test('follows a log that was rotated', async () => {
    await writeFile(path, line(1, 'one') + line(1, 'one more'))
    let open = true
    const followed = read({ follow: true }, () => open)
    await systemClock.sleep(50)
    await appendFile(path, line(1, 'the last'))
    await rename(path, `${path}.1`)
    await writeFile(path, line(2, 'two'))
    await systemClock.sleep(150)
    open = false
    expect(await followed).toBe('one\none more\nthe last\ntwo\n')
  })

  test('long files are read in blocks without tearing lines', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index} é`)
    await writeFile(path, lines.map(text => line(1, text)).join(''))
    expect(await read({})).toBe(`${lines.join('\n')}\n`)
    expect(await read({ tailLines: 3000 })).toBe(`${lines.slice(-3000).join('\n')}\n`)
  })
})

test('the end of a log serves as termination message', async () => {
  await writeFile(path, Array.from({ length: 200 }, (_, index) => line(1, `line ${index}`)).join(''))
  const message = lastLines(path)
  expect(message.split('\n')).toHaveLength(81)
  expect(message.startsWith('line 120\n')).toBe(true)
  await writeFile(path, line(1, 'x'.repeat(5000)))
  expect(lastLines(path)).toBe(`${'x'.repeat(2047)}\n`)
  expect(lastLines(join(folder, 'none'))).toBe('')
})
