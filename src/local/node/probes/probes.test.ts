import { createServer as createHttp2 } from 'node:http2'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Probe } from '../../../apis/core/types.generated.ts'
import type { Container } from '../runtime/runtime.ts'
import { attemptProbe, type ProbeTarget } from './probe-attempt.ts'
import { count, initialTally, type ProbeTally } from './probe-tally.ts'

describe('count', () => {
  const outcomes = (kind: keyof typeof initialTally, probe: Probe, text: string): string => {
    let tally: ProbeTally = initialTally[kind]
    return Array.from(text, outcome => (tally = count(tally, outcome === '+', probe)).result[0]).join('')
  }
  test.each<[keyof typeof initialTally, Probe, string, string]>([
    ['liveness', {}, '---', 'ssf'],
    ['liveness', {}, '--+--+', 'ssssss'],
    ['readiness', {}, '+---+', 'sssfs'],
    ['readiness', { successThreshold: 2 }, '+++', 'fss'],
    ['readiness', { failureThreshold: 1 }, '+-+', 'sfs'],
    ['startup', { failureThreshold: 3 }, '--+', 'uus'],
    ['startup', { failureThreshold: 3 }, '---', 'uuf'],
  ])('%s %j %s', (kind, probe, text, expected) => {
    expect(outcomes(kind, probe, text)).toBe(expected)
  })
})

const servers: { close(): unknown }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(server: Pick<Server, 'listen' | 'address' | 'close'>): Promise<number> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  return (server.address() as AddressInfo).port
}

const target: ProbeTarget = {
  definition: { name: 'main', ports: [{ name: 'web', containerPort: 1 }] },
  container: {} as Container,
  podIP: '127.0.0.1',
  dial: (host, port) =>
    new Promise((resolve, reject) => {
      const socket = connect(port, host, () => resolve(socket))
      socket.once('error', reject)
    }),
}
const attempt = (probe: Probe) => attemptProbe(probe, target, new AbortController().signal)

describe('attemptProbe', () => {
  test('http: status decides, headers and path arrive', async () => {
    const seen: string[] = []
    const port = await listen(
      createServer((request, response) => {
        seen.push(`${request.url} ${String(request.headers['x-probe'])} ${request.headers['user-agent']}`)
        response.writeHead(request.url === '/ok?a=b' ? 204 : 500).end()
      }),
    )
    expect(await attempt({ httpGet: { port, path: '/ok?a=b', httpHeaders: [{ name: 'X-Probe', value: 'yes' }] } })).toEqual({
      succeeded: true,
      message: '',
    })
    expect(seen).toEqual(['/ok?a=b yes kube-probe/1.34'])
    expect(await attempt({ httpGet: { port: String(port), path: 'no' } })).toEqual({
      succeeded: false,
      message: 'HTTP probe failed with statuscode: 500',
    })
  })

  test('http: a server that never answers times out', async () => {
    const port = await listen(createServer(() => {}))
    const { succeeded, message } = await attempt({ httpGet: { port }, timeoutSeconds: 0.1 })
    expect(succeeded).toBe(false)
    expect(message).toContain('context deadline exceeded')
  })

  test('tcp: an open port succeeds, a closed one fails', async () => {
    const port = await listen(createServer())
    expect((await attempt({ tcpSocket: { port } })).succeeded).toBe(true)
    expect((await attempt({ tcpSocket: { port: 1 } })).message).toContain('ECONNREFUSED')
    expect((await attempt({ tcpSocket: { port: 'nope' } })).message).toBe(`couldn't find port: nope`)
  })

  test('grpc: asks the health service', async () => {
    const server = createHttp2()
    server.on('stream', (stream, headers) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, headers[':path'] === '/grpc.health.v1.Health/Check' ? 1 : 2]))
    })
    const port = await listen(server)
    expect(await attempt({ grpc: { port } })).toEqual({ succeeded: true, message: '' })
  })
})
