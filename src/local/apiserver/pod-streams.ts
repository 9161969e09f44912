import { ApiError } from '../../kube/api-error.ts'
import type { Clock } from '../../kube/clock.ts'
import type { TransportChannel } from '../../kube/transport.ts'
import type { NodeStreams, StreamRefusal } from '../node/streams.ts'
import type { UserInfo } from './admission/admission.ts'
import type { Api } from './api.ts'
import type { UpgradeRequest } from './http/http-server.ts'
import type { ApiResponse } from './request.ts'
import type { ResourceTable } from './resources/resource-table.ts'
import { targetOf } from './rest/target.ts'
import { badRequest, notFound, serviceUnavailable, unknownResource } from './status-errors.ts'
import type { Storage } from './storage/storage.ts'
import type { StoredObject } from './storage/stored-object.ts'
import { openChannel } from './streaming/in-process.ts'
import { openLogs } from './streaming/logs.ts'
import { checkContainer, checkLogOptions } from './streaming/pod-options.ts'
import type { StreamTarget } from './streaming/target.ts'
import { acceptUpgrade } from './streaming/upgrade.ts'

const streamed: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward'])

/** Logs, exec, attach and port-forward: checked here, answered by the node. */
export class PodStreams {
  readonly #storage: Storage
  readonly #resources: ResourceTable
  readonly #clock: Clock
  readonly #closing = new AbortController()
  #streams: NodeStreams | undefined

  constructor(storage: Storage, resources: ResourceTable, clock: Clock) {
    this.#storage = storage
    this.#resources = resources
    this.#clock = clock
  }

  /** Connects the node. */
  connect(streams: NodeStreams): void {
    this.#streams = streams
  }

  /** Ends all streams. */
  close(): void {
    this.#closing.abort()
  }

  async logs(namespace: string, pod: string, query: URLSearchParams, signal: AbortSignal): Promise<ApiResponse> {
    const object = this.#pod(namespace, pod)
    checkLogOptions(object, query)
    checkContainer(object, query)
    if (this.#nodeOf(namespace, pod) === '') return { status: 204, kind: 'text', text: '', contentType: '' }
    const streams = this.#require(namespace, pod)
    const bytes = await openLogs(
      { namespace, pod, query },
      streams,
      new Date(this.#clock.now()),
      AbortSignal.any([signal, this.#closing.signal]),
    )
    if ('refused' in bytes) throw refusal(bytes)
    return { status: 200, kind: 'bytes', bytes, contentType: 'text/plain; charset=utf-8' }
  }

  /** The stream of a path, once it is known that the user may open it. Throws the refusal otherwise. */
  async open(
    api: Api,
    path: string,
    query: URLSearchParams,
    protocols: readonly string[],
    user: UserInfo,
    signal: AbortSignal,
  ): Promise<TransportChannel> {
    const { target, streams } = this.#target(api, path, query, user)
    const channel = await openChannel(target, protocols, streams, AbortSignal.any([signal, this.#closing.signal]))
    if ('refused' in channel) throw refusal(channel)
    return channel
  }

  /** Answers an upgrade request; resolves when its stream is over. */
  async upgrade(api: Api, { request, socket, head, path, query, user }: UpgradeRequest): Promise<void> {
    const { target, streams } = this.#target(api, path, query, user)
    await acceptUpgrade(request, socket, head, target, streams, this.#closing.signal)
  }

  #target(api: Api, path: string, query: URLSearchParams, user: UserInfo): { target: StreamTarget; streams: NodeStreams } {
    const target = targetOf(path, this.#resources)
    const { namespace, name, subresource } = target ?? {}
    if (target === undefined || namespace === undefined || name === undefined || target.resource.collection !== 'pods')
      throw unknownResource()
    if (subresource !== 'exec' && subresource !== 'attach' && subresource !== 'portforward') throw badRequest('Upgrade request required')
    api.authorize(target, 'create', { user })
    checkContainer(this.#pod(namespace, name), query)
    const streams = this.#require(namespace, name)
    api.count(target.resource, subresource, 'CONNECT', user.name, 101)
    return { target: { namespace, pod: name, subresource, query }, streams }
  }

  /** Throws what stands in the way of a stream that was asked for without an upgrade. */
  refuse(namespace: string, name: string, query: URLSearchParams): never {
    checkContainer(this.#pod(namespace, name), query)
    this.#require(namespace, name)
    throw badRequest('Upgrade request required')
  }

  #pod(namespace: string, name: string): StoredObject {
    const pod = this.#storage.get('pods', namespace, name)
    if (pod === undefined) throw notFound({ group: '', plural: 'pods' }, name)
    return pod
  }

  #nodeOf(namespace: string, name: string): string {
    return (this.#pod(namespace, name)['spec'] as { nodeName?: string }).nodeName ?? ''
  }

  #require(namespace: string, name: string): NodeStreams {
    if (this.#nodeOf(namespace, name) === '') throw badRequest(`pod ${name} does not have a host assigned`)
    if (this.#streams === undefined) throw serviceUnavailable('no node is connected yet')
    return this.#streams
  }
}

/** Whether a subresource of pods needs an upgraded connection. */
export function isStreamed(subresource: string | undefined): boolean {
  return subresource !== undefined && streamed.has(subresource)
}

function refusal({ status, message }: StreamRefusal): ApiError {
  const reason = status === 400 ? 'BadRequest' : status === 404 ? 'NotFound' : 'InternalError'
  return new ApiError({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code: status })
}
