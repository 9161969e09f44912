import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { createCertificateAuthority, createServingCertificate, type KeyAndCertificate } from '../../src/kube/tls/certificates.ts'

export interface Upstream {
  readonly server: URL
  readonly ca: Buffer
  readonly token: string
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string; 'certificate-authority'?: string } }[]
  users: { user: { token?: string } }[]
}

/** Where a kubeconfig with a token leads. */
export function upstreamOf(kubeconfig: string): Upstream {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig
  const cluster = clusters[0]?.cluster
  if (cluster === undefined) throw new Error(`${kubeconfig} names no cluster`)
  const { server, 'certificate-authority-data': data, 'certificate-authority': file } = cluster
  const ca = data === undefined ? readFileSync(file ?? '') : Buffer.from(data, 'base64')
  return { server: new URL(server), ca, token: users[0]?.user.token ?? '' }
}

/** One request that changes something, when it had reached the API server's door. */
export interface SeenWrite {
  /** Of `performance.now()`. */
  readonly at: number
  readonly method: string
  readonly path: string
  /** What a Lease was written with; undefined for other objects. Empty when released. */
  readonly holder?: string
  /** It was on its way while the network stood still. */
  readonly isLate: boolean
  /** Of the answer; 0 as long as there is none. */
  code: number
}

/**
 * What lies between one controller and the API server: it passes everything on and remembers the writes, until it is told to be a bad network.
 */
export class ApiProxy implements AsyncDisposable {
  /** For the controller. */
  readonly kubeconfig: string
  readonly writes: SeenWrite[] = []
  /** Called with every write before it goes on. */
  onWrite: (write: SeenWrite) => void = () => {}
  /** Called when a write of a Lease was answered with success. */
  onLease: (write: SeenWrite) => void = () => {}
  /** Whether the answer to a write is lost on its way back. */
  losesAnswer: () => boolean = () => false
  /** Answers 401 instead of asking the API server. */
  refusesTokens = false
  readonly #folder = mkdtempSync(join(tmpdir(), 'berth-proxy-'))
  readonly #authority: KeyAndCertificate
  readonly #sockets = new Set<Socket>()
  readonly #watches = new Set<() => void>()
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  /** Connections that have lost something: nothing more comes of them. */
  readonly #dead = new WeakSet<Socket>()
  #upstream: Upstream
  #agent: Agent
  #state: 'open' | 'shut' | 'silent' = 'open'
  #stall: PromiseWithResolvers<void> | undefined

  private constructor(upstream: Upstream, server: Server, authority: KeyAndCertificate) {
    this.#upstream = upstream
    this.#agent = new Agent({ keepAlive: true, ca: upstream.ca })
    this.#server = server
    this.#authority = authority
    this.kubeconfig = join(this.#folder, 'kubeconfig')
    server.on('connection', (socket: Socket) => {
      if (this.#state === 'shut') return void socket.destroy()
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
    })
    server.on('secureConnection', socket => {
      this.#connections.add(socket)
      socket.once('close', () => this.#connections.delete(socket))
      socket.on('error', () => undefined)
    })
    server.on('tlsClientError', () => undefined)
    server.on('request', (incoming, outgoing) => void this.#handle(incoming, outgoing).catch(() => outgoing.destroy()))
  }

  static async start(upstream: Upstream): Promise<ApiProxy> {
    const authority = createCertificateAuthority()
    const server = createServer(serving(authority))
    const proxy = new ApiProxy(upstream, server, authority)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    proxy.#writeKubeconfig()
    return proxy
  }

  /** The API server has come back, perhaps with other credentials. */
  lead(upstream: Upstream): void {
    this.#agent.destroy()
    this.#upstream = upstream
    this.#agent = new Agent({ keepAlive: true, ca: upstream.ca })
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  cutWatches(): void {
    for (const end of this.#watches) end()
  }

  /** Refuses connections, as if nobody listened. */
  shut(): void {
    this.#state = 'shut'
    this.cut()
  }

  /** Takes everything and passes on nothing, without a word: what was open stays open and silent for good. */
  silence(): void {
    this.#state = 'silent'
    for (const connection of this.#connections) this.#dead.add(connection)
    this.#connections.clear()
  }

  /** Holds everything back, in both directions, until {@link open}: nothing is lost, also not what the sender has given up since. */
  stall(): void {
    this.#stall ??= Promise.withResolvers()
  }

  open(): void {
    this.#state = 'open'
    this.#stall?.resolve()
    this.#stall = undefined
  }

  /** Shows a certificate that holds for so long; negative: that has expired. Connections are made anew. */
  present(lifetimeMs?: number): void {
    this.#server.setSecureContext(serving(this.#authority, lifetimeMs))
    this.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    this.cut()
    this.#agent.destroy()
    await closed
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = incoming
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const isLate = this.#stall !== undefined
    await this.#stall?.promise
    if (this.#isLost(incoming)) return
    if (this.refusesTokens) {
      outgoing.writeHead(401, { 'content-type': 'application/json' })
      outgoing.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Unauthorized', code: 401 }))
      return
    }
    const write = method === 'GET' ? undefined : seen(method, path, body, isLate)
    if (write !== undefined) {
      this.writes.push(write)
      this.onWrite(write)
    }
    const answer = await this.#pass(method, path, headersFor(incoming, this.#upstream), body)
    const code = answer.statusCode ?? 502
    if (write !== undefined) {
      write.code = code
      if (write.holder !== undefined && code < 300) this.onLease(write)
      if (this.losesAnswer()) {
        answer.resume()
        outgoing.destroy()
        return
      }
    }
    await this.#stall?.promise
    if (this.#isLost(incoming)) return void answer.destroy()
    outgoing.on('error', () => undefined)
    outgoing.writeHead(code, responseHeaders(answer))
    outgoing.flushHeaders()
    this.#relay(answer, incoming, outgoing)
  }

  #relay(answer: IncomingMessage, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const end = (): void => {
      answer.destroy()
      outgoing.destroy()
    }
    if (/[?&]watch=/.test(incoming.url ?? '')) this.#watches.add(end)
    // In their order, also where some wait for the network.
    let before = Promise.resolve()
    const pass = (step: () => void): void => {
      before = before
        .then(() => this.#stall?.promise)
        .then(() => {
          if (this.#isLost(incoming)) answer.destroy()
          else step()
        })
    }
    answer.on('data', (chunk: Buffer) => pass(() => outgoing.write(chunk)))
    answer.on('end', () => pass(() => outgoing.end()))
    answer.on('error', () => pass(() => outgoing.destroy()))
    outgoing.on('close', () => {
      this.#watches.delete(end)
      answer.destroy()
    })
  }

  /** As on a real network: a connection that has lost anything never goes on. */
  #isLost(incoming: IncomingMessage): boolean {
    const connection = incoming.socket
    if (this.#state === 'silent') this.#dead.add(connection)
    return this.#dead.has(connection)
  }

  #pass(method: string, path: string, headers: Record<string, string>, body: Buffer): Promise<IncomingMessage> {
    const { hostname, port } = this.#upstream.server
    return new Promise((resolve, reject) => {
      const target = { hostname: hostname.replace(/^\[|\]$/g, ''), port, method, path, agent: this.#agent }
      // Said, since Node sends the body of a DELETE without it.
      const length = body.length === 0 ? {} : { 'content-length': String(body.length) }
      const sent = request({ ...target, headers: { ...headers, ...length } }, resolve)
      sent.on('error', reject)
      sent.end(body)
    })
  }

  #writeKubeconfig(): void {
    const { port } = this.#server.address() as AddressInfo
    const cluster = {
      server: `https://127.0.0.1:${port}`,
      'certificate-authority-data': Buffer.from(this.#authority.cert).toString('base64'),
    }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'proxy',
      clusters: [{ name: 'proxy', cluster }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
      // The proxy puts the real one in its place.
      users: [{ name: 'proxy', user: { token: 'proxied' } }],
    }
    writeFileSync(this.kubeconfig, JSON.stringify(config), { mode: 0o600 })
  }
}

const serving = (authority: KeyAndCertificate, lifetimeMs?: number) =>
  createServingCertificate(authority, { names: ['127.0.0.1'], ...(lifetimeMs === undefined ? {} : { lifetimeMs }) })

function seen(method: string, path: string, body: Buffer, isLate: boolean): SeenWrite {
  const write = { at: performance.now(), method, path, isLate, code: 0 }
  if (!/\/leases(\/berth-controller)?(\?|$)/.test(path)) return write
  const { spec } = JSON.parse(body.toString()) as { spec?: { holderIdentity?: string } }
  return { ...write, holder: spec?.holderIdentity ?? '' }
}

const hopByHop = new Set(['connection', 'host', 'transfer-encoding', 'keep-alive', 'content-length', 'upgrade'])

function headersFor(incoming: IncomingMessage, { token }: Upstream): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) if (!hopByHop.has(name) && typeof value === 'string') headers[name] = value
  return { ...headers, authorization: `Bearer ${token}` }
}

function responseHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (!hopByHop.has(name) && typeof value === 'string') kept[name] = value
  return kept
}
