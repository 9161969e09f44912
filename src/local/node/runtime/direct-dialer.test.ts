import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { directDialer } from './direct-dialer.ts'
import { isSelfConnected } from './relay/relay-wire.mjs'

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

it('fails as the kernel does where nobody listens', async () => {
  await expect(directDialer.dialTcp('127.0.0.1', await freePort())).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('tells a socket that the kernel connected with itself from one that somebody accepted', async () => {
  const port = await freePort()
  const alone = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.1', localPort: port })
  await once(alone, 'connect')
  expect(isSelfConnected(alone)).toBe(true)
  alone.destroy()
  await once(alone, 'close')

  await using server = createServer(socket => socket.on('error', () => {}).resume()).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const accepted = connect({ host: '127.0.0.1', port })
  await once(accepted, 'connect')
  expect(isSelfConnected(accepted)).toBe(false)
  accepted.resume()
  accepted.end()
  await once(accepted, 'end').catch(() => {})
})
