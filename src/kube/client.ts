import type { DeepReadonly, KubeObject, New, ObjectList } from './object.ts'
import type { ResourceType } from './resource.ts'

export interface CallOptions {
  signal?: AbortSignal
}

export interface WriteOptions extends CallOptions {
  dryRun?: boolean
  fieldManager?: string
  fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
}

export interface ListOptions extends CallOptions {
  /** All namespaces when absent. */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  /** Page size; default 500. Pages are fetched until the list is whole. */
  limit?: number
  /** `'0'` allows any version the server has in memory. */
  resourceVersion?: string
}

export interface DeleteOptions extends WriteOptions {
  gracePeriodSeconds?: number
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  preconditions?: { uid?: string; resourceVersion?: string }
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

export interface PatchOptions extends WriteOptions {
  type: PatchType
  /** Only for `apply`: take over fields that other managers own. */
  force?: boolean
  subresource?: 'status' | 'scale'
}

export interface ObjectRef {
  namespace?: string
  name: string
}

export interface LogOptions extends CallOptions {
  container?: string
  follow?: boolean
  previous?: boolean
  tailLines?: number
  sinceSeconds?: number
  timestamps?: boolean
}

export interface ExecOptions extends CallOptions {
  container?: string
  command: readonly string[]
  stdin?: AsyncIterable<Uint8Array>
  tty?: boolean
  onStdout?: (chunk: Uint8Array) => void
  onStderr?: (chunk: Uint8Array) => void
  /** Sizes of the user's terminal in characters, as they change. */
  resizes?: AsyncIterable<{ readonly width: number; readonly height: number }>
}

export type WatchEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: DeepReadonly<T> }
  | { type: 'ERROR'; object: DeepReadonly<{ code?: number; reason?: string; message?: string }> }

export interface WatchOptions extends CallOptions {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  resourceVersion?: string
  sendInitialEvents?: boolean
  timeoutSeconds?: number
  /** Called when the server has begun to answer: what happened since the version follows at once. */
  onOpen?: () => void
}

export interface Scale extends KubeObject {
  spec: { replicas: number }
  status: { replicas: number; selector?: string }
}

/**
 * A typed Kubernetes client. Every failure of the API is an `ApiError` that carries the server's `Status`.
 * Objects it returns are shared and may be frozen; see {@link DeepReadonly}.
 */
export interface Client extends AsyncDisposable {
  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: CallOptions): Promise<DeepReadonly<T>>
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<DeepReadonly<ObjectList<T>>>
  /** One watch request, as the server sends it. Use a `Reflector` for a watch that lives. */
  watch<T extends KubeObject>(type: ResourceType<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>
  create<T extends KubeObject>(type: ResourceType<T>, object: New<T>, options?: WriteOptions): Promise<DeepReadonly<T>>
  update<T extends KubeObject>(type: ResourceType<T>, object: DeepReadonly<T>, options?: WriteOptions): Promise<DeepReadonly<T>>
  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: DeepReadonly<T>, options?: WriteOptions): Promise<DeepReadonly<T>>
  patch<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, patch: unknown, options: PatchOptions): Promise<DeepReadonly<T>>
  delete<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: DeleteOptions): Promise<void>
  deleteCollection<T extends KubeObject>(type: ResourceType<T>, options: ListOptions & DeleteOptions): Promise<void>
  getScale(type: ResourceType, ref: ObjectRef, options?: CallOptions): Promise<DeepReadonly<Scale>>
  /** POST to a subresource such as `pods/binding`, `pods/eviction`, `serviceaccounts/token`. */
  createSubresource<R = unknown>(type: ResourceType, ref: ObjectRef, subresource: string, body: unknown, options?: WriteOptions): Promise<R>
  logs(ref: ObjectRef, options?: LogOptions): AsyncIterable<Uint8Array>
  /** Runs a command in a container; resolves with its exit code. */
  exec(ref: ObjectRef, options: ExecOptions): Promise<number>
  /** A plain GET of any path (`/version`, `/metrics`, discovery). */
  raw(path: string, options?: CallOptions & { accept?: string }): Promise<unknown>
}
