import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { refuseEarly } from './refuse-early.ts'

it('turns away who comes before anybody answers, and nobody after that', async () => {
  const server = refuseEarly(createServer())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dial = () => connect({ host: '127.0.0.1', port })
  const [refusal] = (await once(dial(), 'error')) as [NodeJS.ErrnoException]
  expect(refusal.code).toBe('ECONNRESET')

  server.on('connection', socket => socket.end('hello'))
  const late = dial()
  const [data] = (await once(late, 'data')) as [Buffer]
  expect(data.toString()).toBe('hello')
  expect(server.listenerCount('connection')).toBe(1)
  server.close()
})
