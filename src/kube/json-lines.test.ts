import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonLines } from './json-lines.ts'

async function read(chunks: readonly Uint8Array[]): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of jsonLines(
    (async function* () {
      yield* chunks
    })(),
  ))
    values.push(value)
  return values
}

test('reads the same values wherever the stream is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.nat()), fc.boolean(), async (values, cuts, endsWithLine) => {
      const text = values.map(value => JSON.stringify(value)).join('\n') + (endsWithLine ? '\n' : '')
      const bytes = new TextEncoder().encode(text)
      const at = [0, ...cuts.map(cut => cut % (bytes.length + 1)).toSorted((one, other) => one - other), bytes.length]
      const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
      expect(await read(chunks)).toEqual(JSON.parse(JSON.stringify(values)))
    }),
  )
})

test('a line that breaks off is an error', async () => {
  await expect(read([new TextEncoder().encode('{"a":1}\n{"b"')])).rejects.toThrow(SyntaxError)
})
