import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tar, type TarEntry } from './tar.ts'

test('the system tar unpacks what was packed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'))
  try {
    const entries: TarEntry[] = [
      { type: 'folder', path: 'a', mode: 0o755 },
      { type: 'file', path: 'a/empty', mode: 0o600, content: new Uint8Array() },
      { type: 'file', path: 'a/program', mode: 0o755, content: Buffer.from('x'.repeat(513)) },
      { type: 'file', path: 'a/block', mode: 0o644, content: Buffer.from('y'.repeat(512)) },
      { type: 'link', path: 'b', target: 'a/program' },
    ]
    const archive = join(folder, 'x.tar')
    writeFileSync(archive, tar(entries))
    execFileSync('tar', ['xf', archive, '-C', folder])
    expect(readFileSync(join(folder, 'a/program'), 'utf8')).toBe('x'.repeat(513))
    expect(readFileSync(join(folder, 'a/block'), 'utf8')).toBe('y'.repeat(512))
    expect(statSync(join(folder, 'a/empty')).size).toBe(0)
    expect(statSync(join(folder, 'a/program')).mode & 0o777).toBe(0o755)
    expect(statSync(join(folder, 'a/program')).mtimeMs).toBe(0)
    expect(readlinkSync(join(folder, 'b'))).toBe('a/program')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the length is whole blocks, and the same entries give the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), content => {
      const entries: TarEntry[] = [{ type: 'file', path: 'f', mode: 0o644, content }]
      const archive = tar(entries)
      expect(archive.length).toBe(512 * (1 + Math.ceil(content.length / 512) + 2))
      expect(archive.equals(tar(entries))).toBe(true)
    }),
  )
})

test('a path that does not fit is refused, not cut', () => {
  expect(() => tar([{ type: 'folder', path: 'x'.repeat(100), mode: 0o755 }])).toThrow(RangeError)
})
