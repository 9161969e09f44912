import { Agent, type RequestOptions, request } from 'node:https'
import { createInterface } from 'node:readline'
import { upstreamOf } from './faults-proxy.ts'

export interface Answer<T> {
  readonly code: number
  readonly body: T
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T
}

/**
 * The API as any HTTP client sees it. Many small requests in the moment before a process is killed are too fast for one kubectl each.
 * A request that gets no whole answer throws: whether it was done is not known.
 */
export class PlainApi implements Disposable {
  readonly #base: URL
  readonly #token: string
  readonly #agent: Agent

  constructor(kubeconfig: string) {
    const { server, token, ca } = upstreamOf(kubeconfig)
    this.#base = server
    this.#token = token
    this.#agent = new Agent({ keepAlive: true, maxSockets: 16, ca })
  }

  async send<T = unknown>(method: string, path: string, body?: object, type = 'application/json'): Promise<Answer<T>> {
    const { code, text } = await new Promise<{ code: number; text: string }>((resolve, reject) => {
      const sent = request(this.#target(method, path, body === undefined ? {} : { 'content-type': type }), response => {
        let read = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (read += chunk))
        response.on('end', () =>
          response.complete ? resolve({ code: response.statusCode ?? 0, text: read }) : reject(new Error('cut off')),
        )
        response.on('error', reject)
      })
      sent.setTimeout(20_000, () => sent.destroy(new Error(`no answer to ${method} ${path}`)))
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
    return { code, body: JSON.parse(text) as T }
  }

  async list<T>(path: string): Promise<{ items: T[]; version: string }> {
    const { code, body } = await this.send<{ items: T[]; metadata: { resourceVersion: string } }>('GET', path)
    if (code !== 200) throw new Error(`GET ${path}: ${code} ${JSON.stringify(body)}`)
    return { items: body.items, version: body.metadata.resourceVersion }
  }

  /** Calls back for every change after `version` until disposed or until the server ends. */
  watch<T>(path: string, version: string, onEvent: (event: WatchEvent<T>) => void): Disposable {
    const sent = request(this.#target('GET', `${path}?watch=true&resourceVersion=${version}`, {}), response => {
      const lines = createInterface({ input: response })
      response.on('error', () => lines.close())
      lines.on('line', line => onEvent(JSON.parse(line) as WatchEvent<T>))
      lines.on('error', () => undefined)
    })
    // The server being killed is what these tests are about.
    sent.on('error', () => undefined)
    sent.end()
    return { [Symbol.dispose]: () => void sent.destroy() }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #target(method: string, path: string, headers: Record<string, string>): RequestOptions {
    const { hostname, port } = this.#base
    return { hostname, port, path, method, agent: this.#agent, headers: { ...headers, authorization: `Bearer ${this.#token}` } }
  }
}
