import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { once } from 'node:events'
import type { Clock } from '../../../kube/clock.ts'
import type { UserInfo } from '../admission/admission.ts'
import type { Api } from '../api.ts'
import type { Authenticator, Credentials } from '../auth/authenticator.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { tooLargeRequest } from '../status-errors.ts'
import { writeResponse } from './write-response.ts'

/** Kubernetes' bound on request bodies. */
const bodyLimit = 3 * 1024 * 1024

export interface UpgradeRequest {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly path: string
  readonly query: URLSearchParams
  readonly user: UserInfo
}

export interface HttpServerOptions {
  readonly api: Api
  readonly authenticator: Authenticator
  readonly clock: Clock
  readonly tls: { readonly key: string; readonly cert: string; readonly clientCa?: string }
  /** Takes over exec, attach and port-forward; what it throws is answered with its status. */
  readonly onUpgrade: (upgrade: UpgradeRequest) => Promise<void>
}

/** The API over HTTPS. */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions
  readonly #server: Server
  readonly #closing = new AbortController()

  constructor(options: HttpServerOptions) {
    this.#options = options
    const { key, cert, clientCa } = options.tls
    const certificates = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false }
    this.#server = createServer({ key, cert, ...certificates, keepAliveTimeout: 120_000, requestTimeout: 0 })
    this.#server.on('request', (request, response) => void this.#answer(request, response))
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head))
  }

  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { api } = this.#options
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    let answer: ApiResponse
    try {
      answer = await api.handle(await this.#apiRequest(request, gone.signal))
    } catch (error) {
      // A client that went away while it was still sending needs no answer.
      if (gone.signal.aborted) return
      answer = api.failure(error)
    }
    try {
      await writeResponse(answer, request, response, AbortSignal.any([gone.signal, this.#closing.signal]))
    } catch {
      // The connection broke while it was written: there is nobody left to tell.
      response.destroy()
    }
  }

  async #apiRequest(request: IncomingMessage, signal: AbortSignal): Promise<ApiRequest> {
    const headers = request.headers as Record<string, string | undefined>
    const { path, query } = splitUrl(request.url ?? '/')
    const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
    return {
      method: request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET'),
      path,
      query,
      headers,
      body: hasBody ? { bytes: await readBody(request), contentType: headers['content-type'] ?? '' } : undefined,
      user: this.#user(request),
      signal,
    }
  }

  #user(request: IncomingMessage): UserInfo {
    return this.#options.authenticator.authenticate(credentialsOf(request), this.#options.clock.now())
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    try {
      const { path, query } = splitUrl(request.url ?? '/')
      await this.#options.onUpgrade({ request, socket, head, path, query, user: this.#user(request) })
    } catch (error) {
      const { status, ...answer } = this.#options.api.failure(error)
      const body = answer.kind === 'object' ? JSON.stringify(answer.object) : ''
      const length = Buffer.byteLength(body)
      socket.end(
        `HTTP/1.1 ${status} ${status === 404 ? 'Not Found' : 'Refused'}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
      )
    }
  }
}

function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?')
  return mark < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyLimit) throw tooLargeRequest(bodyLimit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function credentialsOf(request: IncomingMessage): Credentials {
  const { headers } = request
  const groups = headers['impersonate-group']
  const socket = request.socket as TLSSocket
  const subject = socket.authorized ? socket.getPeerCertificate().subject : undefined
  const organizations = subject?.O as string | string[] | undefined
  const impersonateUser = headers['impersonate-user']
  return {
    authorization: headers.authorization,
    certificate:
      subject?.CN === undefined
        ? undefined
        : { commonName: String(subject.CN), organizations: organizations === undefined ? [] : [organizations].flat() },
    impersonateUser: typeof impersonateUser === 'string' ? impersonateUser : undefined,
    impersonateGroups: groups === undefined ? [] : [groups].flat().flatMap(text => text.split(',').map(group => group.trim())),
  }
}
