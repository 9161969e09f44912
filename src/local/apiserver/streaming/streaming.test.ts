import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { NodeStreams } from '../../node/streams.ts'
import { fakeCommand, fakeNode } from './fake-node.ts'
import { openChannel } from './in-process.ts'
import { logQuery } from './logs.ts'
import { MessageQueue } from './message-port.ts'
import type { StreamTarget } from './target.ts'
import { acceptUpgrade } from './upgrade.ts'

const target = (query: string, subresource: StreamTarget['subresource'] = 'exec'): StreamTarget => ({
  namespace: 'default',
  pod: 'p',
  subresource,
  query: new URLSearchParams(query),
})
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const frame = (channel: number, data: string) => Buffer.concat([Buffer.of(channel), Buffer.from(data)])

/** Text by channel, and the status at the end. */
async function collect(messages: AsyncIterable<Uint8Array>): Promise<Record<number, string>> {
  const texts: Record<number, string> = {}
  for await (const message of messages) {
    const channel = message[0] ?? -1
    texts[channel] = (texts[channel] ?? '') + Buffer.from(message.subarray(1)).toString()
  }
  return texts
}

async function open(query: string, node: NodeStreams, subresource?: StreamTarget['subresource'], offered: readonly string[] = protocols) {
  const channel = await openChannel(target(query, subresource), offered, node)
  if ('refused' in channel) throw new Error(channel.message)
  return channel
}

describe('exec in process', () => {
  it('carries input, output and the exit code', async () => {
    const command = fakeCommand()
    const channel = await open('stdin=true&stdout=true&stderr=true&command=x', fakeNode(command))
    expect(channel.protocol).toBe('v5.channel.k8s.io')
    channel.send(frame(0, 'hello'))
    channel.send(Buffer.of(255, 0))
    expect(await command.input).toBe('hello')
    command.stdout.write('out')
    command.stderr.write('err')
    command.exit(3)
    const texts = await collect(channel.messages())
    expect(texts[1]).toBe('out')
    expect(texts[2]).toBe('err')
    expect(JSON.parse(texts[3] ?? '')).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'command terminated with non-zero exit code: exit status 3',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    })
    expect(command.killed()).toBe(false)
  })

  it('says success, passes sizes on and joins the outputs of a terminal', async () => {
    const command = fakeCommand()
    const channel = await open('stdin=1&stdout=1&tty=1&command=x', fakeNode(command))
    channel.send(frame(4, '{"Width":80,"Height":24}'))
    channel.send(frame(4, 'nonsense'))
    command.stdout.write('both')
    command.stderr.write('never')
    await new Promise(resolve => setImmediate(resolve))
    command.exit(0)
    const texts = await collect(channel.messages())
    expect(JSON.parse(texts[3] ?? '')).toEqual({ metadata: {}, status: 'Success' })
    expect([texts[1], texts[2]]).toEqual(['both', undefined])
    expect(command.sizes).toEqual([[80, 24]])
  })

  it('kills the command of a client that goes away, but not an attached one', async () => {
    for (const [subresource, killed] of [
      ['exec', true],
      ['attach', false],
    ] as const) {
      const command = fakeCommand()
      const channel = await open('stdout=1&stdin=1', fakeNode(command), subresource)
      channel.close()
      await command.input
      await new Promise(resolve => setImmediate(resolve))
      expect(command.killed()).toBe(killed)
    }
  })

  it.each([
    ['stdout=1', ['v1.nothing'], 'none of the sub-protocols is served here'],
    ['command=x', protocols, 'you must specify at least 1 of stdin, stdout, stderr'],
  ])('refuses %s with %j', async (query, offered, message) => {
    const refusal = await openChannel(target(query), offered, fakeNode(fakeCommand()))
    expect('refused' in refusal && refusal.message).toContain(message)
  })

  it('passes refusals of the node on', async () => {
    const refused = { refused: true, status: 400, message: 'container not found ("x")' } as const
    const node = fakeNode(fakeCommand(), { exec: async () => refused })
    expect(await openChannel(target('stdout=1'), protocols, node)).toBe(refused)
  })
})

describe('port-forward over channels', () => {
  it('carries data both ways, after the port', async () => {
    const toPod = new PassThrough()
    const fromPod = new PassThrough()
    const node = fakeNode(fakeCommand(), { portForward: async () => Duplex.from({ writable: toPod, readable: fromPod }) })
    const channel = await open('ports=80', node, 'portforward', ['v4.channel.k8s.io'])
    channel.send(frame(0, 'ping'))
    const received = await new Promise<Buffer>(resolve => toPod.once('data', resolve))
    expect(received.toString()).toBe('ping')
    fromPod.end('pong')
    const texts = await collect(channel.messages())
    expect(texts[0]).toBe('P\0pong')
    expect(texts[1]).toBe('P\0')
  })

  it('tells on the error channel why there is no connection', async () => {
    const channel = await open('ports=80', fakeNode(fakeCommand()), 'portforward', ['v4.channel.k8s.io'])
    expect((await collect(channel.messages()))[1]).toBe('P\0connection refused')
  })
})

describe('exec over WebSocket', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  async function listen(node: NodeStreams): Promise<string> {
    server = createServer()
    server.on('upgrade', (request, socket, head) => {
      const url = new URL(request.url ?? '', 'http://x')
      void acceptUpgrade(request, socket, head, target(url.search), node, new AbortController().signal)
    })
    await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/?`
  }

  it('speaks the best protocol both know', async () => {
    const command = fakeCommand()
    const socket = new WebSocket(`${await listen(fakeNode(command))}stdout=1&stderr=1&command=x`, ['v4.channel.k8s.io'])
    const queue = new MessageQueue()
    socket.on('message', (data: Buffer) => void queue.push(data))
    socket.on('close', () => queue.end())
    await new Promise(resolve => socket.once('open', resolve))
    expect(socket.protocol).toBe('v4.channel.k8s.io')
    const big = 'x'.repeat(300_000)
    command.stdout.write(big)
    command.exit(0)
    const texts = await collect(queue.read())
    expect(texts[1]).toHaveLength(big.length)
    expect(JSON.parse(texts[3] ?? '')).toMatchObject({ status: 'Success' })
  })

  it('refuses before it upgrades', async () => {
    const node = fakeNode(fakeCommand(), { exec: async () => ({ refused: true, status: 404, message: 'no such pod' }) })
    const socket = new WebSocket(`${await listen(node)}stdout=1`, protocols)
    const [status, body] = await new Promise<[number | undefined, string]>(resolve => {
      socket.on('error', () => undefined)
      socket.on('unexpected-response', (_, response) => {
        let received = ''
        response.on('data', chunk => (received += String(chunk)))
        response.on('end', () => resolve([response.statusCode, received]))
      })
    })
    expect(status).toBe(404)
    expect(JSON.parse(body)).toMatchObject({ kind: 'Status', reason: 'NotFound', message: 'no such pod', code: 404 })
  })

  it('kills the command when the socket breaks', async () => {
    const command = fakeCommand()
    const socket = new WebSocket(`${await listen(fakeNode(command))}stdout=1`, protocols)
    await new Promise(resolve => socket.once('open', resolve))
    socket.terminate()
    await command.session.exit
    expect(command.killed()).toBe(true)
  })
})

describe('MessageQueue', () => {
  it('makes writers wait for a slow reader', async () => {
    const queue = new MessageQueue()
    let written = 0
    const writer = (async () => {
      for (; written < 500; written++) await queue.push(Buffer.of(written % 256))
      queue.end()
    })()
    await new Promise(resolve => setImmediate(resolve))
    expect(written).toBeLessThan(100)
    let read = 0
    for await (const _ of queue.read()) read++
    await writer
    expect(read).toBe(500)
  })
})

describe('logQuery', () => {
  const now = new Date('2026-01-01T00:01:00Z')

  it.each([
    ['', { follow: false, previous: false, timestamps: false }],
    [
      'follow=true&tailLines=5&timestamps=1&limitBytes=10',
      { follow: true, previous: false, timestamps: true, tailLines: 5, limitBytes: 10 },
    ],
    ['sinceSeconds=60', { follow: false, previous: false, timestamps: false, sinceTime: new Date('2026-01-01T00:00:00Z') }],
    [
      'sinceTime=2025-12-31T00:00:00Z&previous=true',
      { follow: false, previous: true, timestamps: false, sinceTime: new Date('2025-12-31T00:00:00Z') },
    ],
  ])('reads %s', (query, expected) => {
    expect(logQuery(new URLSearchParams(query), now)).toEqual(expected)
  })

  it.each(['tailLines=-1', 'limitBytes=0', 'sinceSeconds=x', 'sinceTime=yesterday'])('refuses %s', query => {
    expect(logQuery(new URLSearchParams(query), now)).toMatchObject({ refused: true, status: 400 })
  })
})
