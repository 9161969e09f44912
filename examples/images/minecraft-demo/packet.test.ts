import fc from 'fast-check'
import { expect, it } from 'vitest'
import { packet, PacketReader, readVarint, varint } from './rootfs/srv/minecraft/packet.mjs'

it.each([
  [0, [0]],
  [127, [127]],
  [128, [128, 1]],
  [25_565, [221, 199, 1]],
  [2_147_483_647, [255, 255, 255, 255, 7]],
])('%d as varint', (value, bytes) => {
  expect([...varint(value)]).toEqual(bytes)
  expect(readVarint(Buffer.from(bytes))).toEqual({ value, end: bytes.length })
})

it('reads packets however the stream is cut', () => {
  const packets = fc.array(fc.tuple(fc.nat(300), fc.uint8Array({ maxLength: 200 })))
  fc.assert(
    fc.property(packets, fc.integer({ min: 1, max: 50 }), (sent, cut) => {
      const stream = Buffer.concat(sent.map(([id, content]) => packet(id, content)))
      const reader = new PacketReader()
      const read: [number, number[]][] = []
      for (let at = 0; at < stream.length; at += cut) {
        read.push(...reader.push(stream.subarray(at, at + cut)).map(({ id, content }): [number, number[]] => [id, [...content]]))
      }
      expect(read).toEqual(sent.map(([id, content]) => [id, [...content]]))
    }),
  )
})

it('refuses bytes that are no packets', () => {
  expect(() => new PacketReader().push(Buffer.alloc(10, 0xff))).toThrow('number too long')
})
