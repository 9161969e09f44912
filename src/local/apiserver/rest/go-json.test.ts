import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodySummary, duplicateMembers, goSyntaxError } from './go-json.ts'

describe('goSyntaxError', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a":1', 'unexpected end of JSON input'],
    ['"abc', 'unexpected end of JSON input'],
    ['garbage', "invalid character 'g' looking for beginning of value"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['nul!', "invalid character '!' in literal null (expecting 'l')"],
    ['01', "invalid character '1' after top-level value"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    [String.raw`"\x"`, "invalid character 'x' in string escape code"],
    ['"\n"', String.raw`invalid character '\n' in string literal`],
  ])('%j: %s', (text, error) => expect(goSyntaxError(text)).toBe(error))

  it('says something of exactly the texts that JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"a"',
      ':',
      ',',
      '1',
      '-',
      '.',
      'e',
      '0',
      'true',
      'nul',
      ' ',
      '"',
      '\\',
      'u00e9',
      '\t',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), parts => {
        const text = parts.join('')
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        expect(goSyntaxError(text) === undefined, text).toBe(isJson)
      }),
      { numRuns: 2000 },
    )
  })

  it('has nothing against JSON', () => {
    fc.assert(fc.property(fc.json(), text => goSyntaxError(text) === undefined))
  })
})

describe('duplicateMembers', () => {
  it.each([
    ['{"a":1,"b":{"a":1}}', []],
    ['{"data":{"a":"1","a":"2"}}', ['data.a']],
    ['{"a":{},"a":{}}', ['a']],
    ['{"spec":{"containers":[{},{"image":"a","image":"b"}]}}', ['spec.containers[1].image']],
  ])('%s', (text, paths) => expect(duplicateMembers(text)).toEqual(paths))
})

describe('bodySummary', () => {
  it.each([
    ['', '<empty>'],
    ['{"metadata":{"name":"x"', '{"metadata":{"name":"x"'],
    ['[]', '5b5d'],
    [`{${'x'.repeat(40)}`, `{${'x'.repeat(29)} ...`],
  ])('%j', (text, summary) => expect(bodySummary(Buffer.from(text))).toBe(summary))
})
