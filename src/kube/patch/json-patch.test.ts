import { describe, expect, it } from 'vitest'
import { applyJsonPatch } from './json-patch.ts'
import { PatchError } from './patch-error.ts'

describe('applyJsonPatch', () => {
  it.each([
    [{ a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    [{ a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2] }],
    [{ a: [1, 2] }, [{ op: 'replace', path: '/a/-1', value: 9 }], { a: [1, 9] }],
    [{ a: [1, 2, 3] }, [{ op: 'remove', path: '/a/0' }], { a: [2, 3] }],
    [{ 'a/b': { '~x': 1 } }, [{ op: 'replace', path: '/a~1b/~0x', value: 2 }], { 'a/b': { '~x': 2 } }],
    [{ a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    [{ a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
    [
      { a: { b: [1] } },
      [
        { op: 'test', path: '/a', value: { b: [1] } },
        { op: 'remove', path: '/a' },
      ],
      {},
    ],
    [{ a: 1 }, [{ op: 'test', path: '/missing', value: null }], { a: 1 }],
    [{ a: 1 }, [], { a: 1 }],
  ])('%j with %j is %j', (document, patch, expected) => {
    expect(applyJsonPatch(document, patch)).toEqual(expected)
  })

  it.each([
    [[{ op: 'test', path: '/a', value: 2 }], 'NotApplicable', 'testing value /a failed: test failed'],
    [[{ op: 'remove', path: '/x' }], 'NotApplicable', 'remove operation does not apply: doc is missing key: /x: missing value'],
    [[{ op: 'add', path: '/x/y', value: 1 }], 'NotApplicable', 'add operation does not apply: doc is missing path: "/x/y": missing value'],
    [[{ op: 'add', path: '/l/7', value: 1 }], 'NotApplicable', 'Unable to access invalid index: 7'],
    [[{ op: 'copy', from: '/x', path: '/y' }], 'NotApplicable', 'copy operation does not apply'],
    [[{ op: 'jump', path: '/a' }], 'NotApplicable', 'Unexpected kind: jump'],
    [[{ op: 'add' }], 'NotApplicable', 'Unable to decode path'],
    [{ op: 'add' }, 'Malformed', 'cannot unmarshal'],
  ])('refuses %j as %s', (patch, code, message) => {
    try {
      applyJsonPatch({ a: 1, l: [] }, patch)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(PatchError)
      expect((error as PatchError).code).toBe(code)
      expect((error as PatchError).message).toContain(message)
    }
  })

  it('does not change a frozen document and shares what it leaves alone', () => {
    const document = Object.freeze({ spec: Object.freeze({ a: 1 }), list: Object.freeze([1, 2]) })
    const result = applyJsonPatch(document, [{ op: 'add', path: '/list/0', value: 0 }]) as typeof document
    expect(result.list).toEqual([0, 1, 2])
    expect(result.spec).toBe(document.spec)
  })
})
