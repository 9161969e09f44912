import type { KubeObject, ObjectKey } from './object.ts'
import { keyOf } from './object.ts'
import type { Transport, TransportChannel, TransportRequest, TransportResponse } from './transport.ts'

interface Change {
  readonly version: number
  readonly event: { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
}

interface Watcher {
  readonly pending: unknown[]
  readonly isIn: (object: KubeObject) => boolean
  broken: boolean
  wake(): void
}

/**
 * For tests of watch machinery: one kind of objects behind a transport, with versions, pages, history, and faults on demand.
 * Every kind has the same objects; paths with a namespace have those of the namespace.
 */
export class FakeApiServer implements Transport {
  readonly requests: TransportRequest[] = []
  /** Answered instead of the next requests, in order. */
  readonly refusals: { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }[] = []
  readonly #objects = new Map<ObjectKey, KubeObject>()
  readonly #watchers = new Set<Watcher>()
  #history: Change[] = []
  #version = 1
  #oldest = 1
  /** Whether `sendInitialEvents` is understood. */
  streamsLists = true

  put(name: string, content: Record<string, unknown> = {}, uid = `uid-${name}`, namespace = 'default'): void {
    this.#version += 1
    const metadata = { name, namespace, uid, resourceVersion: String(this.#version), creationTimestamp: '2026-01-01T00:00:00Z' }
    const object: KubeObject = Object.freeze({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...content })
    const type = this.#objects.has(keyOf(object)) ? 'MODIFIED' : 'ADDED'
    this.#objects.set(keyOf(object), object)
    this.#record({ type, object })
  }

  remove(name: string): void {
    const old = this.#objects.get(`default/${name}`)
    if (old === undefined) return
    this.#version += 1
    this.#objects.delete(`default/${name}`)
    this.#record({ type: 'DELETED', object: { ...old, metadata: { ...old.metadata, resourceVersion: String(this.#version) } } })
  }

  list(): KubeObject[] {
    return [...this.#objects.values()]
  }

  /** Breaks all open watches. */
  reset(): void {
    for (const watcher of this.#watchers) {
      watcher.broken = true
      watcher.wake()
    }
  }

  /** Forgets what happened up to now: watches from before get 410. */
  compact(): void {
    this.#history = []
    this.#oldest = this.#version
  }

  count(isWatch: boolean): number {
    return this.requests.filter(request => request.path.includes('watch=true') === isWatch).length
  }

  request(request: TransportRequest): Promise<TransportResponse> {
    this.requests.push(request)
    const refusal = this.refusals.shift()
    if (refusal !== undefined) return Promise.resolve(answer(refusal.status, refusal.body, refusal.headers))
    const { pathname, searchParams: query } = new URL(request.path, 'http://fake')
    const namespace = /\/namespaces\/([^/]+)\//.exec(pathname)?.[1]
    const isIn = (object: KubeObject): boolean => namespace === undefined || object.metadata.namespace === namespace
    return Promise.resolve(query.get('watch') === 'true' ? this.#watch(query, isIn, request.signal) : this.#page(query, isIn))
  }

  open(): Promise<TransportChannel> {
    return Promise.reject(new Error('the fake server has no channels'))
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #record(event: Change['event']): void {
    this.#history.push({ version: this.#version, event })
    for (const watcher of this.#watchers) {
      if (!watcher.isIn(event.object)) continue
      watcher.pending.push(event)
      watcher.wake()
    }
  }

  #page(query: URLSearchParams, isIn: (object: KubeObject) => boolean): TransportResponse {
    const all = this.list().filter(isIn)
    const start = Number(query.get('continue') ?? 0)
    const limit = Number(query.get('limit') ?? all.length)
    const more = start + limit < all.length ? { continue: String(start + limit) } : {}
    const items = all.slice(start, start + limit)
    return answer(200, { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: String(this.#version), ...more }, items })
  }

  #watch(query: URLSearchParams, isIn: (object: KubeObject) => boolean, signal: AbortSignal | undefined): TransportResponse {
    const initial = query.get('sendInitialEvents') === 'true'
    if (initial && !this.streamsLists)
      return answer(422, { kind: 'Status', code: 422, reason: 'Invalid', message: 'sendInitialEvents is forbidden' })
    const from = initial ? this.#version : Number(query.get('resourceVersion') ?? 0)
    if (from < this.#oldest) {
      return answer(200, undefined, {}, [{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } }])
    }
    const first: unknown[] = initial
      ? this.list()
          .filter(isIn)
          .map(object => ({ type: 'ADDED', object }))
      : []
    const end = { resourceVersion: String(from), annotations: { 'k8s.io/initial-events-end': 'true' } }
    if (initial) first.push({ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: end } })
    for (const change of this.#history) if (change.version > from && isIn(change.event.object)) first.push(change.event)
    const watcher: Watcher = { pending: first, isIn, broken: false, wake: () => {} }
    this.#watchers.add(watcher)
    return answer(200, undefined, {}, this.#follow(watcher, signal))
  }

  async *#follow(watcher: Watcher, signal: AbortSignal | undefined): AsyncIterable<unknown> {
    const onAbort = (): void => watcher.wake()
    signal?.addEventListener('abort', onAbort)
    try {
      while (signal?.aborted !== true) {
        if (watcher.broken) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
        const event = watcher.pending.shift()
        if (event !== undefined) yield event
        else {
          await new Promise<void>(resolve => {
            watcher.wake = resolve
          })
        }
      }
    } finally {
      this.#watchers.delete(watcher)
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

function answer(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  lines: AsyncIterable<unknown> | Iterable<unknown> = [],
): TransportResponse {
  return {
    status,
    headers,
    json: () => Promise.resolve(body),
    async *lines() {
      yield* lines
    },
    async *bytes() {
      yield new TextEncoder().encode(String(body))
    },
  }
}
