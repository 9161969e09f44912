import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { ApiError, isForbidden, isUnreachable } from './api-error.ts'
import { fixedCredential } from './credentials.ts'
import type { ClusterConfig } from './kubeconfig.ts'
import type { ResourceType } from './resource.ts'
import { RestClient } from './rest-client.ts'
import { UndiciTransport } from './undici-transport.ts'

const configmaps: ResourceType = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

async function serve(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; url: string; connections: () => number }> {
  let connections = 0
  const server = createServer(handler)
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  open.push({
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections }
}

function connect(server: string, more: Partial<ClusterConfig> = {}): RestClient {
  const config = {
    server,
    insecureSkipTlsVerify: false,
    namespace: 'default',
    credentials: fixedCredential({ headers: {} }),
    context: 'test',
  }
  const client = new RestClient({ transport: new UndiciTransport({ ...config, ...more }), maxRetries: 1 })
  open.push(client)
  return client
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

describe('UndiciTransport', () => {
  test('reuses connections, keeps the base path, sends credentials and bodies', async () => {
    const seen: unknown[] = []
    const { url, connections } = await serve((request, response) => {
      let text = ''
      request.on('data', chunk => (text += chunk))
      request.on('end', () => {
        seen.push([request.method, request.url, request.headers.authorization, request.headers['content-type'], text])
        json(response, 200, { kind: 'ConfigMap', apiVersion: 'v1', metadata: {} })
      })
    })
    const client = connect(`${url}/proxy`, { credentials: fixedCredential({ headers: { authorization: 'Bearer t' } }) })
    for (let index = 0; index < 5; index += 1) await client.get(configmaps, { namespace: 'n', name: 'a' })
    await client.patch(configmaps, { namespace: 'n', name: 'a' }, { data: { x: 'ü' } }, { type: 'merge' })
    // A connection is free again one turn after its answer, so a second one may be opened meanwhile.
    expect(connections()).toBeLessThanOrEqual(2)
    expect(seen[0]).toEqual(['GET', '/proxy/api/v1/namespaces/n/configmaps/a', 'Bearer t', undefined, ''])
    expect(seen[5]).toEqual([
      'PATCH',
      '/proxy/api/v1/namespaces/n/configmaps/a?fieldManager=berth',
      'Bearer t',
      'application/merge-patch+json',
      '{"data":{"x":"ü"}}',
    ])
  })

  test('deletions with preconditions keep their connection as well', async () => {
    const { url, connections } = await serve((request, response) => {
      request.resume().on('end', () => json(response, 200, { kind: 'Status', apiVersion: 'v1', metadata: {} }))
    })
    const client = connect(url)
    for (let index = 0; index < 10; index += 1)
      await client.delete(configmaps, { namespace: 'n', name: 'a' }, { preconditions: { uid: 'u' } })
    expect(connections()).toBeLessThanOrEqual(2)
  })

  test('a reset drops connections that are silent, and goes on with new ones', async () => {
    let silent = true
    const { url, connections } = await serve((_, response) => {
      if (!silent) json(response, 200, { ok: true })
    })
    const transport = new UndiciTransport({
      server: url,
      insecureSkipTlsVerify: false,
      namespace: 'default',
      credentials: fixedCredential({ headers: {} }),
      context: 'test',
    })
    open.push(transport)
    const dead = transport.request({ method: 'GET', path: '/version' })
    const failed = expect(dead).rejects.toThrow()
    while (connections() === 0) await new Promise(resolve => setTimeout(resolve, 1))
    transport.reset()
    await failed
    silent = false
    await expect((await transport.request({ method: 'GET', path: '/version' })).json()).resolves.toEqual({ ok: true })
    expect(connections()).toBe(2)
  })

  test('a refused credential is asked for once more', async () => {
    const { url } = await serve((request, response) => {
      if (request.headers.authorization === 'Bearer new') json(response, 200, { ok: true })
      else json(response, 401, { kind: 'Status', code: 401, reason: 'Unauthorized' })
    })
    let token = 'old'
    const credentials = {
      get: async () => ({ headers: { authorization: `Bearer ${token}` } }),
      invalidate: () => {
        const wasOld = token === 'old'
        token = 'new'
        return wasOld
      },
    }
    expect(await connect(url, { credentials }).raw('/version')).toEqual({ ok: true })
    await expect(connect(url).raw('/version')).rejects.toMatchObject({ reason: 'Unauthorized' })
  })

  test('watches line by line, also across chunks and letters, and closes the stream when the reader stops', async () => {
    let closed = false
    const { url } = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const line = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'ä' } } })}\n`)
      const cut = line.indexOf(0xc3) + 1
      response.write(line.subarray(0, cut))
      setTimeout(() => response.write(Buffer.concat([line.subarray(cut), line])), 10)
      request.on('close', () => {
        closed = true
      })
    })
    const names: string[] = []
    for await (const event of connect(url).watch(configmaps)) {
      if (event.type !== 'ERROR') names.push(event.object.metadata.name)
      if (names.length === 2) break
    }
    expect(names).toEqual(['ä', 'ä'])
    await expect.poll(() => closed).toBe(true)
  })

  test('a watch that breaks is an unreachable error; one that is aborted ends with the reason', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200).write('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1"}}}\n')
      setTimeout(() => response.destroy(), 20)
    })
    const watchAll = async (signal?: AbortSignal): Promise<void> => {
      for await (const _event of connect(url).watch(configmaps, signal === undefined ? {} : { signal }));
    }
    expect(isUnreachable(await watchAll().catch((error: unknown) => error))).toBe(true)
    await expect(watchAll(AbortSignal.timeout(5))).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('a server that is not there is unreachable, with the cause in the message', async () => {
    const { server, url } = await serve(() => {})
    server.close()
    const error: unknown = await connect(url)
      .raw('/version')
      .catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(ApiError)
    expect(String(error)).toContain('ECONNREFUSED')
  })
})

describe('exec', () => {
  async function serveExec(talk: (socket: WebSocket, url: string) => void, protocols = ['v5.channel.k8s.io']): Promise<string> {
    const { server, url } = await serve((_request, response) => json(response, 400, {}))
    const sockets = new WebSocketServer({ server, handleProtocols: offered => protocols.find(name => offered.has(name)) ?? false })
    sockets.on('connection', (socket, request) => talk(socket, request.url ?? ''))
    return url
  }
  const message = (channel: number, text: string): Buffer => Buffer.concat([Buffer.of(channel), Buffer.from(text)])

  test('carries stdin, stdout, stderr and the exit code', async () => {
    let asked = ''
    const url = await serveExec((socket, path) => {
      asked = path
      let input = ''
      socket.on('message', (data: Buffer) => {
        if (data[0] === 0) input += data.subarray(1).toString()
        else if (data[0] === 255) {
          socket.send(message(1, `got ${input}`))
          socket.send(message(2, 'oops'))
          const details = { causes: [{ reason: 'ExitCode', message: '7' }] }
          socket.send(message(3, JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode', details })))
        }
      })
    })
    const output: string[] = []
    const exitCode = await connect(url).exec(
      { namespace: 'n', name: 'p' },
      {
        container: 'c',
        command: ['sh', '-c', 'x y'],
        stdin: (async function* () {
          yield Buffer.from('ab')
          yield Buffer.from('cd')
        })(),
        onStdout: chunk => output.push(`out:${Buffer.from(chunk).toString()}`),
        onStderr: chunk => output.push(`err:${Buffer.from(chunk).toString()}`),
      },
    )
    expect(exitCode).toBe(7)
    expect(output).toEqual(['out:got abcd', 'err:oops'])
    expect(asked).toBe('/api/v1/namespaces/n/pods/p/exec?container=c&command=sh&command=-c&command=x+y&stdin=true&stdout=true&stderr=true')
  })

  test('a command that could not run, a refusal and a break are errors', async () => {
    const failing = await serveExec(socket => {
      socket.send(message(3, JSON.stringify({ status: 'Failure', reason: 'InternalError', message: 'no such file', code: 500 })))
    })
    await expect(connect(failing).exec({ name: 'p' }, { command: ['x'] })).rejects.toMatchObject({
      reason: 'InternalError',
      message: 'no such file',
    })
    const breaking = await serveExec(socket => socket.terminate())
    expect(
      isUnreachable(
        await connect(breaking)
          .exec({ name: 'p' }, { command: ['x'] })
          .catch((error: unknown) => error),
      ),
    ).toBe(true)
    const { server, url } = await serve(() => {})
    server.on('upgrade', (_request, socket) => {
      const body = JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'pods "p" is forbidden' })
      socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    })
    const refused: unknown = await connect(url)
      .exec({ name: 'p' }, { command: ['x'] })
      .catch((error: unknown) => error)
    expect(isForbidden(refused)).toBe(true)
  })
})
