import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { handshake, MessageReader, WebSocketConnection } from './rootfs/srv/2048/websocket.mjs'

describe('a WebSocket client', () => {
  const server = createServer()
  server.on('upgrade', (request, socket) => {
    socket.write(handshake(request)!)
    const connection = new WebSocketConnection(socket, {
      onMessage: text => connection.send(`${text.length} ${text}`),
      onClose: () => undefined,
    })
  })
  let url: string
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => server.close())

  it.each([0, 1, 125, 126, 60_000])('gets a message of %d bytes back', async length => {
    const client = new WebSocket(url)
    await once(client, 'open')
    client.send('x'.repeat(length))
    expect(String((await once(client, 'message'))[0])).toBe(`${length} ${'x'.repeat(length)}`)
    client.close()
    await once(client, 'close')
  })

  it('gets pongs, and messages sent in fragments', async () => {
    const client = new WebSocket(url)
    await once(client, 'open')
    client.ping('hi')
    expect(String((await once(client, 'pong'))[0])).toBe('hi')
    client.send('ab', { fin: false })
    client.send('cd', { fin: true })
    expect(String((await once(client, 'message'))[0])).toBe('4 abcd')
    client.terminate()
  })

  it('is sent away when it sends too much', async () => {
    const client = new WebSocket(url)
    await once(client, 'open')
    client.send('x'.repeat(70_000))
    expect((await once(client, 'close'))[0]).toBe(1002)
  })
})

it('refuses frames without mask', () => {
  expect(() => new MessageReader().push(Buffer.from([0x81, 0x01, 0x61]))).toThrow('mask')
})
