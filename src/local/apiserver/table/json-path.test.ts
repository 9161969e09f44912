import { describe, expect, it } from 'vitest'
import { compileJsonPath } from './json-path.ts'

const value = {
  spec: {
    replicas: 3,
    ports: [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ],
    map: { 'x.y/z': 'deep' },
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
}

describe('compileJsonPath', () => {
  it.each([
    ['.spec.replicas', [3]],
    ['{.spec.replicas}', [3]],
    ['$.spec.replicas', [3]],
    ['.spec.ports[1].port', [2]],
    ['.spec.ports[-1].port', [2]],
    ['.spec.ports[*].name', ['a', 'b']],
    ['.spec.map.x\\.y/z', ['deep']],
    [".spec.map['x.y/z']", ['deep']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    ['.spec.ports[?(@.port==2)].name', ['b']],
    ['.spec.missing.deeper', []],
    ['.spec.replicas.more', []],
  ])('%s finds %j', (path, expected) => {
    expect(compileJsonPath(path)?.(value)).toEqual(expected)
  })

  it.each(['spec', '.spec[', '.a[?(@.b > 1)]', '.a..b'])('%s is no path', path => {
    expect(compileJsonPath(path)).toBeUndefined()
  })
})
