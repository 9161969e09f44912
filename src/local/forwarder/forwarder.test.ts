import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { directDialer } from '../node/runtime/direct-dialer.ts'
import { createForwarder, type Forwarder, type ForwarderOptions } from './forwarder.ts'
import type { Backend, Listener, ListenerFailure } from './listener.ts'

/** An address block of loopback that no embedded cluster uses. */
const front = '127.125.7.1'
const pods = ['127.125.8.1', '127.125.8.2', '127.125.8.3']
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function forwarder(options: Partial<ForwarderOptions> = {}): Forwarder {
  const created = createForwarder({ dialer: directDialer, ...options })
  closers.push(() => created[Symbol.asyncDispose]())
  return created
}

/** A TCP server that says its name first, echoes, and says goodbye after the client's end. */
async function tcpPod(ip: string, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {})
    socket.write(`${ip};`)
    socket.on('data', data => socket.write(data))
    socket.on('end', () => socket.end('bye'))
  }).listen(port, ip)
  await once(server, 'listening')
  closers.push(() => server.close())
  return server
}

async function udpPod(ip: string, port: number): Promise<void> {
  const socket = createSocket('udp4', (message, from) => socket.send(`${ip};${message.toString()}`, from.port, from.address))
  socket.bind(port, ip)
  await once(socket, 'listening')
  closers.push(() => socket.close())
}

const backend = (index: number, port: number, accepting = true): Backend => ({
  podUid: `uid-${index}`,
  podIP: pods[index]!,
  port,
  accepting,
})

const listen = (protocol: 'TCP' | 'UDP', port: number, backends: Backend[], affinityMs?: number): Listener => ({
  ip: front,
  port,
  protocol,
  backends,
  ...(affinityMs === undefined ? {} : { affinityMs }),
})

/** Unlike `once`, content with a close after an error. */
const closed = (socket: Socket): Promise<void> =>
  new Promise(resolve => (socket.closed ? resolve() : socket.once('close', () => resolve())))

async function dial(
  port: number,
  from = '127.0.0.1',
): Promise<{ socket: Socket; text: () => string; until: (part: string) => Promise<void> }> {
  const socket = connect({ host: front, port, localAddress: from, allowHalfOpen: true })
  socket.on('error', () => {})
  let text = ''
  socket.on('data', data => {
    text += data.toString()
  })
  closers.push(() => socket.destroy())
  await once(socket, 'connect')
  return {
    socket,
    text: () => text,
    async until(part) {
      while (!text.includes(part)) {
        if (socket.closed) throw new Error(`closed after ${JSON.stringify(text)}`)
        await sleep(2)
      }
    },
  }
}

async function udpClient(): Promise<{ socket: UdpSocket; ask: (text: string) => Promise<string> }> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  closers.push(() => socket.close())
  return {
    socket,
    async ask(text) {
      const answer = once(socket, 'message', { signal: AbortSignal.timeout(300) })
      socket.send(text, 7000, front)
      const [message] = (await answer) as [Buffer]
      return message.toString()
    },
  }
}

describe('forwarding TCP', () => {
  it('carries both directions, and half-open ends', async () => {
    await tcpPod(pods[0]!, 9000)
    const it = forwarder()
    it.set('svc', [listen('TCP', 7000, [backend(0, 9000)])])
    expect(await it.settled('svc')).toEqual([])
    const client = await dial(7000)
    client.socket.end('hello')
    await client.until('bye')
    expect(client.text()).toBe(`${pods[0]};hellobye`)
    await sleep(10)
    expect(it.status()[0]?.counters).toMatchObject({ accepted: 1, active: 0, received: 5, sent: `${pods[0]};hellobye`.length })
  })

  it('keeps connections when backends change, and cuts them when the pod is gone', async () => {
    await tcpPod(pods[0]!, 9000)
    await tcpPod(pods[1]!, 9000)
    const it = forwarder()
    it.set('svc', [listen('TCP', 7000, [backend(0, 9000)])])
    await it.settled('svc')
    const old = await dial(7000)
    await old.until(';')
    it.set('svc', [listen('TCP', 7000, [backend(0, 9000, false), backend(1, 9000)])])
    const young = await dial(7000)
    await young.until(`${pods[1]};`)
    it.set('svc', [listen('TCP', 7000, [backend(1, 9000)])])
    old.socket.write('still here')
    await old.until('still here')
    it.closePod('uid-0')
    await closed(old.socket)
    young.socket.write('me too')
    await young.until('me too')
  })

  it('resets clients when nobody accepts, when the pod refuses, and when the listener goes', async () => {
    await tcpPod(pods[0]!, 9000)
    const it = forwarder()
    it.set('svc', [
      listen('TCP', 7000, [backend(0, 9000, false)]),
      listen('TCP', 7001, [backend(0, 9999)]),
      listen('TCP', 7002, [backend(0, 9000)]),
    ])
    await it.settled('svc')
    for (const port of [7000, 7001]) {
      const socket = connect({ host: front, port })
      socket.on('error', () => {})
      await closed(socket)
      expect(socket.bytesRead).toBe(0)
    }
    const client = await dial(7002)
    await client.until(';')
    it.set('svc', [])
    await closed(client.socket)
    await sleep(5)
    await expect(dial(7002)).rejects.toThrow('ECONNREFUSED')
    expect(it.status()).toEqual([])
  })

  it('moves bulk data with backpressure and without loss', async () => {
    await tcpPod(pods[0]!, 9000)
    const it = forwarder()
    it.set('svc', [listen('TCP', 7000, [backend(0, 9000)])])
    await it.settled('svc')
    const socket = connect({ host: front, port: 7000, allowHalfOpen: true })
    let received = 0
    socket.on('data', data => {
      received += data.length
    })
    const chunk = Buffer.alloc(1 << 16, 1)
    for (let i = 0; i < 128; i++) if (!socket.write(chunk)) await once(socket, 'drain')
    socket.end()
    await closed(socket)
    expect(received).toBe(128 * chunk.length + pods[0]!.length + 1 + 3)
  })

  it('spreads connections, and keeps clients together with affinity', async () => {
    for (const pod of pods) await tcpPod(pod, 9000)
    const it = forwarder()
    const backends = pods.map((_, index) => backend(index, 9000))
    it.set('svc', [listen('TCP', 7000, backends), listen('TCP', 7001, backends, 60_000)])
    await it.settled('svc')
    const ask = async (port: number, from?: string): Promise<string> => {
      const client = await dial(port, from)
      await client.until(';')
      client.socket.destroy()
      return client.text()
    }
    const spread = [await ask(7000), await ask(7000), await ask(7000)]
    expect(new Set(spread).size).toBe(3)
    const [a, b] = [await ask(7001, '127.0.0.1'), await ask(7001, '127.0.0.2')]
    expect(a).not.toBe(b)
    expect([await ask(7001, '127.0.0.1'), await ask(7001, '127.0.0.2'), await ask(7001, '127.0.0.1')]).toEqual([a, b, a])
  })
})

describe('ways to pods that are no TCP', () => {
  it('cuts them as well, whichever side goes first', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'forwarder-')), 'pod.sock')
    closers.push(() => rm(dirname(path), { recursive: true, force: true }))
    const ends: Socket[] = []
    const relay = createServer(socket => {
      ends.push(socket.on('error', () => {}).resume())
      socket.write('hello;')
    }).listen(path)
    await once(relay, 'listening')
    closers.push(() => relay.close())
    const dialer = {
      ...directDialer,
      dialTcp: async () => {
        const socket = connect({ path, allowHalfOpen: true })
        await once(socket, 'connect')
        return socket
      },
    }
    const it = forwarder({ dialer })
    it.set('svc', [listen('TCP', 7000, [backend(0, 9000)])])
    await it.settled('svc')
    const first = await dial(7000)
    await first.until('hello;')
    first.socket.resetAndDestroy()
    await closed(ends[0]!)
    const second = await dial(7000)
    await second.until('hello;')
    it.closePod('uid-0')
    await closed(second.socket)
    await closed(ends[1]!)
    const third = await dial(7000)
    await third.until('hello;')
    const ended = once(third.socket, 'end')
    ends[2]!.destroy()
    await ended
  })
})

describe('forwarding UDP', () => {
  it('keeps a flow on its pod while the backends change, on the number that TCP has too', async () => {
    await udpPod(pods[0]!, 9000)
    await udpPod(pods[1]!, 9000)
    await tcpPod(pods[0]!, 9000)
    const it = forwarder()
    const both = (backends: Backend[]) => it.set('svc', [listen('UDP', 7000, backends), listen('TCP', 7000, backends)])
    both([backend(0, 9000)])
    expect(await it.settled('svc')).toEqual([])
    const first = await udpClient()
    expect(await first.ask('a')).toBe(`${pods[0]};a`)
    both([backend(0, 9000, false), backend(1, 9000)])
    const second = await udpClient()
    expect(await second.ask('b')).toBe(`${pods[1]};b`)
    expect(await first.ask('c')).toBe(`${pods[0]};c`)
    it.closePod('uid-0')
    expect(await first.ask('d')).toBe(`${pods[1]};d`)
    await (await dial(7000)).until(`${pods[1]};`).catch(() => {})
    expect(it.status().find(one => one.listener.protocol === 'UDP')?.counters).toMatchObject({ active: 2, accepted: 3, received: 4 })
  })

  it('forgets idle flows, drops what nobody takes, and bounds the flows', async () => {
    await udpPod(pods[0]!, 9000)
    const it = forwarder({ udpIdleMs: 60, udpFlowLimit: 1 })
    it.set('svc', [listen('UDP', 7000, [backend(0, 9000)])])
    await it.settled('svc')
    const client = await udpClient()
    await client.ask('a')
    const late = await udpClient()
    await expect(late.ask('b')).rejects.toThrow()
    expect(it.status()[0]?.counters).toMatchObject({ active: 0, accepted: 1, refused: 1 })
    expect(await late.ask('c')).toBe(`${pods[0]};c`)
    it.set('svc', [listen('UDP', 7000, [])])
    await sleep(100)
    await expect(late.ask('d')).rejects.toThrow()
  })
})

describe('binding', () => {
  it('reports an address in use, tries again, and says when it has it', async () => {
    const blocker = createServer().listen(7000, front)
    await once(blocker, 'listening')
    const told: (ListenerFailure | undefined)[] = []
    const it = forwarder({ onFailure: (_group, _listener, failure) => told.push(failure) })
    it.set('svc', [listen('TCP', 7000, []), listen('UDP', 7000, [])])
    const failures = await it.settled('svc')
    expect(failures.map(failure => failure.code)).toEqual(['EADDRINUSE'])
    expect(failures[0]?.message).toContain(`cannot listen on tcp/${front}:7000: the address is in use`)
    blocker.close()
    await expect.poll(() => told.length, { timeout: 3000 }).toBe(2)
    expect(told.map(failure => failure?.code)).toEqual(['EADDRINUSE', undefined])
    expect(await it.settled('svc')).toEqual([])
  })

  it('gives an address to the group that asked first, then to the next', async () => {
    await tcpPod(pods[0]!, 9000)
    await tcpPod(pods[1]!, 9000)
    const told: string[] = []
    const it = forwarder({ onFailure: (group, _listener, failure) => told.push(`${group} ${failure?.code ?? 'ok'}`) })
    it.set('a', [listen('TCP', 7000, [backend(0, 9000)])])
    it.set('b', [listen('TCP', 7000, [backend(1, 9000)])])
    expect(await it.settled('a')).toEqual([])
    expect(await it.settled('b')).toMatchObject([{ code: 'HELD', message: `cannot listen on tcp/${front}:7000: a has the address` }])
    const client = await dial(7000)
    await client.until(`${pods[0]};`)
    it.set('a', [])
    await closed(client.socket)
    expect(await it.settled('b')).toEqual([])
    await (await dial(7000)).until(`${pods[1]};`)
    expect(told).toEqual(['b HELD', 'b ok'])
  })

  it('survives any order of calls', async () => {
    const it = forwarder()
    for (let round = 0; round < 50; round++) {
      it.set('svc', round % 2 === 0 ? [listen('TCP', 7000, []), listen('UDP', 7001, [])] : [listen('TCP', 7001, [])])
      if (round % 7 === 0) await it.settled('svc')
    }
    expect(await it.settled('svc')).toEqual([])
    await sleep(10)
    expect(it.status().map(one => one.listener.port)).toEqual([7001])
  })
})
