import { expect, test } from 'vitest'
import { formatObject } from './output.ts'

test('YAML quotes what YAML 1.1 would read as something else, and managed fields are left out', () => {
  const object = {
    kind: 'X',
    metadata: { name: 'a', managedFields: [] },
    data: { a: 'on', b: '0777', c: '2026-01-01', d: 'plain', e: '12:30' },
  }
  expect(formatObject(object, 'yaml')).toBe(
    'data:\n  a: "on"\n  b: "0777"\n  c: "2026-01-01"\n  d: plain\n  e: "12:30"\nkind: X\nmetadata:\n  name: a\n',
  )
  expect(formatObject({ kind: 'List', items: [object] }, 'json')).not.toContain('managedFields')
})
