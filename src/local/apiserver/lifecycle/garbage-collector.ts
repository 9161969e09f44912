import { isNotFound } from '../../../kube/api-error.ts'
import { createController, type Controller } from '../../../kube/controller.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { Logger } from '../../../kube/logger.ts'
import type { Draft } from '../registry.ts'
import type { ResourceTable } from '../resources/resource-table.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { foregroundFinalizer, orphanFinalizer, type ObjectRemover, type RemoveOptions } from '../rest/object-remover.ts'
import type { ObjectWriter } from '../rest/object-writer.ts'
import type { WriteContext } from '../rest/write-context.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { OwnershipGraph, parseRefKey, refKey, type ObjectRefKey } from './ownership-graph.ts'

export interface LifecycleOptions {
  readonly storage: Storage
  readonly resources: ResourceTable
  readonly writer: ObjectWriter
  readonly remover: ObjectRemover
  readonly clock: Clock
  readonly logger: Logger
  /** Told of each write that the real controllers would make by a request. */
  readonly count: (resource: ServedResource, verb: 'DELETE' | 'PATCH') => void
  /** The server itself as the writer. */
  readonly context: WriteContext
}

/**
 * Deletes what its owners left behind, and lets owners go that wait for their dependents: background, foreground and orphan.
 * Contract: https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
export class GarbageCollector implements AsyncDisposable {
  readonly #options: LifecycleOptions
  readonly #graph: OwnershipGraph
  readonly #controller: Controller

  constructor(options: LifecycleOptions) {
    this.#options = options
    const { storage, clock, logger } = options
    this.#graph = new OwnershipGraph(storage)
    this.#controller = createController({ name: 'garbage-collector', clock, logger, workers: 4, reconcile: key => this.#reconcile(key) })
    storage.onCommit(this.#graph.listener)
    storage.onCommit((collection, { type, object, previous }) => {
      const { metadata } = object
      if (type === 'DELETED') {
        for (const dependent of this.#graph.dependentsOf(metadata.uid)) this.#controller.enqueue(dependent)
        this.#wakeOwners(object)
        return
      }
      const key = refKey({ collection, namespace: metadata.namespace ?? '', name: metadata.name })
      const owners = metadata.ownerReferences
      if (
        owners !== undefined &&
        previous?.metadata.ownerReferences !== owners &&
        owners.some(({ uid }) => this.#graph.living(uid) === undefined)
      ) {
        this.#controller.enqueue(key)
      }
      if (metadata.deletionTimestamp !== undefined && holdsForDependents(object)) this.#controller.enqueue(key)
      if (previous?.metadata.ownerReferences !== undefined && previous.metadata.ownerReferences !== owners) this.#wakeOwners(previous)
    })
  }

  /** Looks at everything that a former run may have left undone and goes on from there. */
  async start(): Promise<void> {
    for (const collection of this.#options.storage.collectionNames()) {
      for (const { metadata } of this.#options.storage.collection(collection).list()) {
        if (metadata.ownerReferences === undefined && metadata.deletionTimestamp === undefined) continue
        this.#controller.enqueue(refKey({ collection, namespace: metadata.namespace ?? '', name: metadata.name }))
      }
    }
    await this.#controller.start()
  }

  whenIdle(): Promise<void> {
    return this.#controller.whenIdle()
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#controller[Symbol.asyncDispose]()
  }

  /** An owner that waits for its dependents may have lost one. */
  #wakeOwners({ metadata }: StoredObject): void {
    for (const { uid } of metadata.ownerReferences ?? []) {
      const owner = this.#graph.living(uid)
      if (owner !== undefined && this.#isWaiting(owner)) this.#controller.enqueue(owner)
    }
  }

  #read(key: ObjectRefKey): StoredObject | undefined {
    const { collection, namespace, name } = parseRefKey(key)
    return this.#options.storage.get(collection, namespace, name)
  }

  #isWaiting(key: ObjectRefKey): boolean {
    const owner = this.#read(key)
    return owner?.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes(foregroundFinalizer) === true
  }

  async #reconcile(key: ObjectRefKey): Promise<'done'> {
    const object = this.#read(key)
    const resource = this.#options.resources.ofCollection(parseRefKey(key).collection)
    if (object === undefined || resource === undefined) return 'done'
    if (object.metadata.deletionTimestamp !== undefined) this.#releaseOwner(resource, object)
    const owners = object.metadata.ownerReferences ?? []
    if (owners.length === 0) return 'done'
    const living = owners.flatMap(({ uid }) => this.#graph.living(uid) ?? [])
    const solid = living.filter(owner => !this.#isWaiting(owner))
    if (solid.length === owners.length) return 'done'
    if (solid.length > 0) {
      const keeps = new Set(solid)
      this.#forgetOwners(resource, object, uid => !keeps.has(this.#graph.living(uid) ?? ''))
    } else if (living.length > 0 && this.#graph.hasDependents(object.metadata.uid)) await this.#delete(resource, object, 'Foreground')
    else await this.#delete(resource, object, undefined)
    return 'done'
  }

  /** Does what the finalizers of a deleted owner ask for, and takes them off when it is done. */
  #releaseOwner(resource: ServedResource, owner: StoredObject): void {
    const { finalizers = [], uid } = owner.metadata
    if (finalizers.includes(orphanFinalizer)) {
      for (const key of Array.from(this.#graph.dependentsOf(uid))) {
        const dependent = this.#read(key)
        const dependentResource = this.#options.resources.ofCollection(parseRefKey(key).collection)
        if (dependent !== undefined && dependentResource !== undefined)
          this.#forgetOwners(dependentResource, dependent, candidate => candidate === uid)
      }
      this.#dropFinalizer(resource, owner, orphanFinalizer)
      return
    }
    if (!finalizers.includes(foregroundFinalizer)) return
    let isBlocked = false
    for (const key of this.#graph.dependentsOf(uid)) {
      const dependent = this.#read(key)
      if (dependent === undefined) continue
      const blocks = dependent.metadata.ownerReferences?.some(owner => owner.uid === uid && owner.blockOwnerDeletion === true) === true
      isBlocked ||= blocks
      if (dependent.metadata.deletionTimestamp === undefined) this.#controller.enqueue(key)
    }
    if (!isBlocked) this.#dropFinalizer(resource, owner, foregroundFinalizer)
  }

  #dropFinalizer(resource: ServedResource, { metadata }: StoredObject, finalizer: string): void {
    this.#rewrite(resource, metadata, current => {
      const { finalizers, ...rest } = current.metadata
      const left = (finalizers ?? []).filter(name => name !== finalizer)
      return { ...current, metadata: left.length === 0 ? rest : { ...rest, finalizers: left } }
    })
  }

  #forgetOwners(resource: ServedResource, { metadata }: StoredObject, forget: (uid: string) => boolean): void {
    this.#rewrite(resource, metadata, current => {
      const { ownerReferences, ...rest } = current.metadata
      const left = (ownerReferences ?? []).filter(({ uid }) => !forget(uid))
      return { ...current, metadata: left.length === 0 ? rest : { ...rest, ownerReferences: left } }
    })
  }

  #rewrite(resource: ServedResource, { namespace = '', name }: StoredObject['metadata'], change: (current: StoredObject) => Draft): void {
    try {
      this.#options.writer.overwrite(resource, namespace, name, change, this.#options.context, { tracked: true })
      this.#options.count(resource, 'PATCH')
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  async #delete(resource: ServedResource, { metadata }: StoredObject, policy: RemoveOptions['propagationPolicy']): Promise<void> {
    if (metadata.deletionTimestamp !== undefined) return
    try {
      const options = { preconditions: { uid: metadata.uid }, ...(policy === undefined ? {} : { propagationPolicy: policy }) }
      await this.#options.remover.remove(resource, metadata.namespace ?? '', metadata.name, options, this.#options.context)
      this.#options.count(resource, 'DELETE')
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

function holdsForDependents({ metadata }: StoredObject): boolean {
  return metadata.finalizers?.some(name => name === foregroundFinalizer || name === orphanFinalizer) === true
}
