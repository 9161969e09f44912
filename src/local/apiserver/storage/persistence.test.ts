import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Draft } from '../registry.ts'
import { openSqlite } from './persistence.ts'
import { Storage } from './storage.ts'

const draft = (name: string, value: number): Draft => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n', uid: name, resourceVersion: '', creationTimestamp: '' },
  data: { value },
})

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-storage-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('persistence', () => {
  it('brings back objects, deletions and the version', () => {
    const file = join(folder, 'a.sqlite')
    const storage = new Storage({ persistence: openSqlite(file) })
    storage.put('maps', draft('a', 1))
    storage.put('maps', draft('a', 2))
    const b = storage.put('maps', draft('b', 3))
    storage.remove('maps', b)
    const { revision } = storage
    const before = storage.collection('maps').list()
    storage[Symbol.dispose]()
    using again = new Storage({ persistence: openSqlite(file) })
    expect(again.revision).toBe(revision)
    expect(again.collection('maps').list()).toEqual(before)
    expect(again.collection('maps').history.reaches(revision - 1)).toBe(false)
    expect(again.collection('maps').history.reaches(revision)).toBe(true)
  })

  it('keeps settings', () => {
    const file = join(folder, 'a.sqlite')
    {
      using persistence = openSqlite(file)
      persistence.setSetting('key', 'value')
    }
    using persistence = openSqlite(file)
    expect(persistence.getSetting('key')).toBe('value')
    expect(persistence.getSetting('other')).toBeUndefined()
  })

  it('takes little more room than the objects, and gives back what deleted ones took', () => {
    const file = join(folder, 'a.sqlite')
    const event = 'x'.repeat(1100)
    const storage = new Storage({ persistence: openSqlite(file) })
    const objects = Array.from({ length: 12_000 }, (_, index) => storage.put('maps', { ...draft(`m${index}`, index), event }))
    storage[Symbol.dispose]()
    const full = statSync(file).size
    expect(full).toBeLessThan(12_000 * 1400 * 2)
    {
      using again = new Storage({ persistence: openSqlite(file) })
      for (const object of objects) again.remove('maps', object)
    }
    openSqlite(file)[Symbol.dispose]()
    expect(statSync(file).size).toBeLessThan(full / 10)
  })

  it('is for one process at a time', () => {
    const file = join(folder, 'a.sqlite')
    using first = openSqlite(file)
    expect(() => openSqlite(file)).toThrow(expect.objectContaining({ code: 'InUse', message: `${file} is in use by another cluster` }))
    first.setSetting('key', 'value')
    expect(first.getSetting('key')).toBe('value')
  })

  it.each([
    ['the log is gone', (copy: string) => rmSync(`${copy}-wal`)],
    ['the log is empty', (copy: string) => writeFileSync(`${copy}-wal`, '')],
    ['only the log is left', (copy: string) => rmSync(copy)],
    ['the file is no database', (copy: string) => writeFileSync(copy, 'no database at all '.repeat(400))],
  ])('refuses to begin anew when %s', (_, damage) => {
    const file = join(folder, 'a.sqlite')
    const copy = join(folder, 'copy.sqlite')
    const storage = new Storage({ persistence: openSqlite(file) })
    storage.put('maps', draft('a', 1))
    // As a process that is killed leaves it.
    for (const end of ['', '-wal']) copyFileSync(`${file}${end}`, `${copy}${end}`)
    storage[Symbol.dispose]()
    damage(copy)
    expect(() => openSqlite(copy)).toThrow(expect.objectContaining({ code: 'Damaged', message: expect.stringContaining(copy) }))
  })

  it('needs no log after it was closed', () => {
    const file = join(folder, 'a.sqlite')
    const storage = new Storage({ persistence: openSqlite(file) })
    storage.put('maps', draft('a', 1))
    storage[Symbol.dispose]()
    rmSync(`${file}-wal`, { force: true })
    using again = new Storage({ persistence: openSqlite(file) })
    expect(again.collection('maps').size).toBe(1)
  })

  it('has every write that was acknowledged when the process was killed', async () => {
    const file = join(folder, 'a.sqlite')
    const writer = join(folder, 'writer.ts')
    writeFileSync(
      writer,
      `import { openSqlite } from ${JSON.stringify(join(import.meta.dirname, 'persistence.ts'))}
import { Storage } from ${JSON.stringify(join(import.meta.dirname, 'storage.ts'))}
import { writeSync } from 'node:fs'
const storage = new Storage({ persistence: openSqlite(process.argv[2]) })
for (let value = 1; ; value += 1) {
  storage.put('maps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' + (value % 7), namespace: 'n', uid: 'u', resourceVersion: '', creationTimestamp: '' }, data: { value } })
  writeSync(1, value + '\\n')
}
`,
    )
    const child = spawn(process.execPath, [writer, file], { stdio: ['ignore', 'pipe', 'inherit'] })
    let acknowledged = 0
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line)
      if (acknowledged === 500) child.kill('SIGKILL')
    }
    expect(acknowledged).toBeGreaterThanOrEqual(500)
    using storage = new Storage({ persistence: openSqlite(file) })
    const values = storage
      .collection('maps')
      .list()
      .map(object => (object['data'] as { value: number }).value)
    expect(Math.max(...values)).toBeGreaterThanOrEqual(acknowledged)
    expect(values).toHaveLength(7)
  })
})
