import { Transform } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fakeCommand, fakeNode, text } from '../fake-node.ts'
import { type MessagePort, MessageQueue } from '../message-port.ts'
import { openSession } from '../stream-session.ts'
import { SpdyConnection } from './connection.ts'
import { headerDictionary } from './dictionary.ts'
import { controlFrame, dataFrame, FrameParser, PING, words } from './frames.ts'
import { HeaderReader, HeaderWriter } from './header-codec.ts'
import { servePortForward } from './port-forward.ts'
import { remoteCommandPort } from './remote-command.ts'

/** Both ends of a connection within the process. */
function link(): [MessagePort, MessagePort] {
  const [left, right] = [new MessageQueue(), new MessageQueue()]
  const closed = new AbortController()
  const close = () => {
    left.end()
    right.end()
    closed.abort()
  }
  const port = (out: MessageQueue, own: MessageQueue): MessagePort => ({
    send: data => out.push(data),
    messages: () => own.read(),
    close,
    closed: closed.signal,
  })
  return [port(left, right), port(right, left)]
}

function client(port: MessagePort): SpdyConnection {
  const connection = new SpdyConnection(port, () => undefined)
  connection.run().catch(() => undefined)
  return connection
}

describe('headers', () => {
  it('begin with the dictionary of SPDY/3.1', () => {
    expect(headerDictionary).toHaveLength(1423)
  })

  it('are read as they were written, block after block', async () => {
    const writer = new HeaderWriter()
    const reader = new HeaderReader()
    for (const headers of [
      { streamtype: 'error', port: '80' },
      {},
      { streamtype: 'data', port: '80', 'x-long': 'y'.repeat(5000) },
      { streamtype: 'data' },
    ]) {
      expect(await reader.read(await writer.write(headers))).toEqual(headers)
    }
    writer.close()
    reader.close()
  })

  it('that are broken are refused', async () => {
    const reader = new HeaderReader()
    await expect(reader.read(Buffer.from('nonsense, not zlib'))).rejects.toThrow()
    reader.close()
  })
})

describe('frames', () => {
  it('come out whole however they arrive', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 40 })), { maxLength: 6 }),
        fc.integer({ min: 1, max: 17 }),
        (list, size) => {
          const bytes = Buffer.concat(
            list.map(([control, payload]) => (control ? controlFrame(PING, 1, payload) : dataFrame(5, 0, payload))),
          )
          const parser = new FrameParser()
          const frames = []
          for (let at = 0; at < bytes.length; at += size) frames.push(...parser.push(bytes.subarray(at, at + size)))
          expect(frames.map(({ control, payload }) => [control, Buffer.from(payload).toString('hex')])).toEqual(
            list.map(([control, payload]) => [control, Buffer.from(payload).toString('hex')]),
          )
        },
      ),
    )
  })
})

describe('exec', () => {
  it('carries each channel in its own stream', async () => {
    const [near, far] = link()
    const command = fakeCommand()
    const query = new URLSearchParams('stdin=true&stdout=true&stderr=true&command=x')
    const target = { namespace: 'd', pod: 'p', subresource: 'exec', query } as const
    const session = await openSession(target, ['v4.channel.k8s.io'], fakeNode(command), new AbortController().signal)
    if ('refused' in session) throw new Error(session.message)
    const served = session.serve(remoteCommandPort(far, query))
    command.stdout.write('out')
    command.exit(2)
    const connection = client(near)
    const open = (streamtype: string) => connection.open({ streamtype })
    const [errors, stdin, stdout, stderr] = [await open('error'), await open('stdin'), await open('stdout'), await open('stderr')]
    await stdin.send(Buffer.from('in'))
    await stdin.end()
    expect(await text(stdout.messages())).toBe('out')
    expect(await text(stderr.messages())).toBe('')
    expect(JSON.parse(await text(errors.messages()))).toMatchObject({ reason: 'NonZeroExitCode', details: { causes: [{ message: '2' }] } })
    expect(await command.input).toBe('in')
    near.close()
    await served
  })

  it('ends the command of a client that breaks off', async () => {
    const [near, far] = link()
    const command = fakeCommand()
    const query = new URLSearchParams('stdout=true')
    const session = await openSession(
      { namespace: 'd', pod: 'p', subresource: 'exec', query },
      ['v4.channel.k8s.io'],
      fakeNode(command),
      far.closed,
    )
    if ('refused' in session) throw new Error(session.message)
    const served = session.serve(remoteCommandPort(far, query))
    near.close()
    await served
    expect(command.killed()).toBe(true)
  })
})

describe('port-forward', () => {
  it('gives every pair of streams a connection of its own', async () => {
    const [near, far] = link()
    const dialled: number[] = []
    const served = servePortForward(far, async port => {
      dialled.push(port)
      return new Transform({ transform: (chunk: Buffer, _, done) => done(null, `${port}:${chunk.toString()}`) })
    })
    const connection = client(near)
    const exchange = async (requestid: string, port: string) => {
      await connection.open({ streamtype: 'error', port, requestid })
      const data = await connection.open({ streamtype: 'data', port, requestid })
      await data.send(Buffer.from(`hello ${requestid}`))
      await data.end()
      return text(data.messages())
    }
    expect(await exchange('0', '80')).toBe('80:hello 0')
    expect(await Promise.all([exchange('1', '80'), exchange('2', '81')])).toEqual(['80:hello 1', '81:hello 2'])
    expect(dialled).toEqual([80, 80, 81])
    near.close()
    await served
  })

  it('says why a port cannot be reached', async () => {
    const [near, far] = link()
    const served = servePortForward(far, async () => {
      throw new Error('connect ECONNREFUSED')
    })
    const connection = client(near)
    const errors = await connection.open({ streamtype: 'error', port: '9', requestid: 'a' })
    const data = await connection.open({ streamtype: 'data', port: '9', requestid: 'a' })
    expect(await text(errors.messages())).toBe('error forwarding port 9 to pod: connect ECONNREFUSED')
    expect(await text(data.messages())).toBe('')
    near.close()
    await served
  })
})

it('answers pings', async () => {
  const [near, far] = link()
  const running = new SpdyConnection(far, () => undefined).run()
  await near.send(controlFrame(PING, 0, words(7)))
  for await (const bytes of near.messages()) {
    expect([...new FrameParser().push(bytes)]).toMatchObject([{ control: true, type: PING, payload: words(7) }])
    break
  }
  near.close()
  await running
})
