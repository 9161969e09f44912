import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
