import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frame, Frames } from './relay-wire.mjs'

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.integer({ min: 1, max: 97 }), (datagrams, cut) => {
        const stream = Buffer.concat(datagrams.map(data => frame(data)))
        const out: number[][] = []
        const frames = new Frames(data => out.push([...data]))
        for (let at = 0; at < stream.length; at += cut) frames.push(stream.subarray(at, at + cut))
        expect(out).toEqual(datagrams.map(data => [...data]))
      }),
    )
  })
})
