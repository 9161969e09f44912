import { ApiError, isGone } from './api-error.ts'
import type {
  CallOptions,
  Client,
  DeleteOptions,
  ExecOptions,
  ListOptions,
  LogOptions,
  ObjectRef,
  PatchOptions,
  PatchType,
  Scale,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import { execProtocols, runExec } from './exec-channel.ts'
import { type MetricsSink, noopMetrics } from './metrics.ts'
import type { DeepReadonly, KubeObject, New, ObjectList } from './object.ts'
import { queryString } from './query.ts'
import { RequestSender } from './request-sender.ts'
import { apiVersionOf, resourcePath, type ResourceType } from './resource.ts'
import { TokenBucket } from './token-bucket.ts'
import type { Transport, TransportRequest } from './transport.ts'
import type { Fence } from './write-fence.ts'

export interface RestClientOptions {
  /** Disposed with the client. */
  readonly transport: Transport
  /** Name under which writes are recorded when a call names none. Default `berth`. */
  readonly fieldManager?: string
  readonly userAgent?: string
  /** Client-side limit over all requests. Default: none, the server's own fairness decides. */
  readonly flowControl?: { readonly perSecond: number; readonly burst: number }
  /** How often a request is repeated that the server put off or whose connection broke. Default 8. */
  readonly maxRetries?: number
  readonly clock?: Clock
  readonly metrics?: MetricsSink
  /** Every request but GETs has to pass it, up to the moment it goes out. See {@link WriteFence}. Default: none. */
  readonly fence?: Fence
}

/** Lists are read in pages of this size, so that parsing never blocks for long. */
const pageSize = 500

const patchContentType: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

const podType: ResourceType = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }

/** The {@link Client} over any {@link Transport}. */
export class RestClient implements Client {
  readonly #transport: Transport
  readonly #sender: RequestSender
  readonly #fieldManager: string
  readonly #fence: Fence | undefined

  constructor(options: RestClientOptions) {
    const { transport, clock = systemClock, metrics = noopMetrics, flowControl, maxRetries = 8, userAgent = 'berth' } = options
    this.#transport = transport
    this.#fieldManager = options.fieldManager ?? 'berth'
    const bucket = flowControl === undefined ? undefined : new TokenBucket({ ...flowControl, clock })
    this.#fence = options.fence
    this.#sender = new RequestSender({ transport, clock, bucket, metrics, userAgent, maxRetries, fence: options.fence })
  }

  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options: CallOptions = {}): Promise<DeepReadonly<T>> {
    return this.#json(request('GET', resourcePath(type, ref.namespace, ref.name), options))
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<DeepReadonly<ObjectList<T>>> {
    try {
      return await this.#listPages(type, options, options.limit ?? pageSize)
    } catch (error) {
      // The version the pages belong to was forgotten meanwhile: only one whole answer is consistent then.
      if (!isGone(error) || options.resourceVersion !== undefined) throw error
      return this.#listPages(type, options, undefined)
    }
  }

  async *watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions = {}): AsyncIterable<WatchEvent<T>> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, sendInitialEvents, timeoutSeconds } = options
    const query = queryString({
      watch: true,
      allowWatchBookmarks: true,
      labelSelector,
      fieldSelector,
      resourceVersion,
      timeoutSeconds,
      sendInitialEvents,
      resourceVersionMatch: sendInitialEvents === true ? 'NotOlderThan' : undefined,
    })
    // A reset is the caller's to handle: it knows from which version to go on.
    const response = await this.#sender.send(request('GET', resourcePath(type, namespace) + query, options), false)
    options.onOpen?.()
    try {
      for await (const event of response.lines()) yield event as WatchEvent<T>
    } catch (error) {
      if (options.signal?.aborted === true || error instanceof ApiError) throw error
      throw ApiError.unreachable(error)
    }
  }

  create<T extends KubeObject>(type: ResourceType<T>, object: New<T>, options: WriteOptions = {}): Promise<DeepReadonly<T>> {
    const body = { apiVersion: apiVersionOf(type), kind: type.kind, ...object }
    return this.#json(request('POST', resourcePath(type, object.metadata.namespace) + this.#writeQuery(options), options, body))
  }

  update<T extends KubeObject>(type: ResourceType<T>, object: DeepReadonly<T>, options: WriteOptions = {}): Promise<DeepReadonly<T>> {
    return this.#put(type, object, undefined, options)
  }

  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: DeepReadonly<T>, options: WriteOptions = {}): Promise<DeepReadonly<T>> {
    return this.#put(type, object, 'status', options)
  }

  patch<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, patch: unknown, options: PatchOptions): Promise<DeepReadonly<T>> {
    const query = this.#writeQuery(options, { force: options.type === 'apply' && options.force === true ? true : undefined })
    const path = resourcePath(type, ref.namespace, ref.name, options.subresource) + query
    const headers = { 'content-type': patchContentType[options.type] }
    return this.#json(
      { ...request('PATCH', path, options, patch), headers: { accept: 'application/json', ...headers } },
      options.type === 'apply',
    )
  }

  async delete<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const path = resourcePath(type, ref.namespace, ref.name) + queryString({ dryRun: options.dryRun === true ? 'All' : undefined })
    await this.#json(request('DELETE', path, options, deleteBody(options)))
  }

  async deleteCollection<T extends KubeObject>(type: ResourceType<T>, options: ListOptions & DeleteOptions): Promise<void> {
    const { namespace, labelSelector, fieldSelector, dryRun } = options
    const query = queryString({ labelSelector, fieldSelector, dryRun: dryRun === true ? 'All' : undefined })
    await this.#json(request('DELETE', resourcePath(type, namespace) + query, options, deleteBody(options)))
  }

  getScale(type: ResourceType, ref: ObjectRef, options: CallOptions = {}): Promise<DeepReadonly<Scale>> {
    return this.#json(request('GET', resourcePath(type, ref.namespace, ref.name, 'scale'), options))
  }

  createSubresource<R = unknown>(
    type: ResourceType,
    ref: ObjectRef,
    subresource: string,
    body: unknown,
    options: WriteOptions = {},
  ): Promise<R> {
    const path = resourcePath(type, ref.namespace, ref.name, subresource) + this.#writeQuery(options)
    return this.#json(request('POST', path, options, body))
  }

  async *logs(ref: ObjectRef, options: LogOptions = {}): AsyncIterable<Uint8Array> {
    const { container, follow, previous, tailLines, sinceSeconds, timestamps } = options
    const query = queryString({ container, follow, previous, tailLines, sinceSeconds, timestamps })
    const path = resourcePath(podType, ref.namespace, ref.name, 'log') + query
    const response = await this.#sender.send({ ...request('GET', path, options), headers: { accept: '*/*' }, startsLate: follow === true })
    yield* response.bytes()
  }

  async exec(ref: ObjectRef, options: ExecOptions): Promise<number> {
    const { container, command, stdin, tty = false } = options
    const streams = { stdin: stdin !== undefined || undefined, stdout: true, stderr: tty ? undefined : true, tty: tty || undefined }
    const path = resourcePath(podType, ref.namespace, ref.name, 'exec') + queryString({ container, command, ...streams })
    let channel: Awaited<ReturnType<Transport['open']>>
    this.#fence?.check()
    try {
      channel = await this.#transport.open(path, execProtocols, options.signal)
    } catch (error) {
      if (options.signal?.aborted === true || error instanceof ApiError) throw error
      throw ApiError.unreachable(error)
    }
    return runExec(channel, options)
  }

  async raw(path: string, options: CallOptions & { accept?: string } = {}): Promise<unknown> {
    const headers = { accept: options.accept ?? 'application/json, */*' }
    return (await this.#sender.send({ ...request('GET', path, options), headers })).json()
  }

  /** A GET of any path whose answer is one JSON value per line, such as a watch in the form of tables. */
  async *lines(path: string, options: CallOptions & { accept?: string } = {}): AsyncIterable<unknown> {
    const headers = { accept: options.accept ?? 'application/json' }
    const response = await this.#sender.send({ ...request('GET', path, options), headers }, false)
    yield* response.lines()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#transport[Symbol.asyncDispose]())
  }

  async #listPages<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListOptions,
    limit: number | undefined,
  ): Promise<DeepReadonly<ObjectList<T>>> {
    const { namespace, labelSelector, fieldSelector, resourceVersion } = options
    const path = resourcePath(type, namespace)
    const items: DeepReadonly<T>[] = []
    let next: string | undefined
    for (;;) {
      // A token of continuation carries its version; the server refuses another beside it.
      const version = next === undefined ? resourceVersion : undefined
      const query = queryString({ labelSelector, fieldSelector, limit, continue: next, resourceVersion: version })
      const page = await this.#json<ObjectList<T>>(request('GET', path + query, options))
      for (const item of page.items) items.push(withType(item as DeepReadonly<T>, type))
      next = page.metadata.continue
      if (next === undefined || next === '') {
        const list = { apiVersion: page.apiVersion, kind: page.kind, metadata: { resourceVersion: page.metadata.resourceVersion }, items }
        return list as unknown as DeepReadonly<ObjectList<T>>
      }
    }
  }

  #put<T extends KubeObject>(
    type: ResourceType<T>,
    object: DeepReadonly<T>,
    subresource: string | undefined,
    options: WriteOptions,
  ): Promise<DeepReadonly<T>> {
    const path = resourcePath(type, object.metadata.namespace, object.metadata.name, subresource)
    return this.#json(request('PUT', path + this.#writeQuery(options), options, object))
  }

  async #json<R>(what: TransportRequest, repeatable?: boolean): Promise<R> {
    return (await (await this.#sender.send(what, repeatable)).json()) as R
  }

  #writeQuery(options: WriteOptions, more: Readonly<Record<string, boolean | undefined>> = {}): string {
    const { dryRun, fieldManager = this.#fieldManager, fieldValidation } = options
    return queryString({ fieldManager, fieldValidation, dryRun: dryRun === true ? 'All' : undefined, ...more })
  }
}

function request(method: TransportRequest['method'], path: string, options: CallOptions, body?: unknown): TransportRequest {
  return {
    method,
    path,
    headers: body === undefined ? { accept: 'application/json' } : { accept: 'application/json', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }
}

function deleteBody({ gracePeriodSeconds, propagationPolicy, preconditions }: DeleteOptions): unknown {
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(preconditions === undefined ? {} : { preconditions }),
  }
}

/** Items of a list of a built-in kind come without their type, since the list says it. */
function withType<T extends KubeObject>(item: DeepReadonly<T>, type: ResourceType<T>): DeepReadonly<T> {
  return 'kind' in item ? item : Object.assign({ apiVersion: apiVersionOf(type), kind: type.kind }, item as DeepReadonly<T>)
}
