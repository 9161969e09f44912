import { isNotFound } from '../../../kube/api-error.ts'
import { formatTime } from '../../../kube/clock.ts'
import { createController, type Controller } from '../../../kube/controller.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import type { LifecycleOptions } from './garbage-collector.ts'

/** Of so few objects each counts when a namespace says what it waits for. */
const fewObjects = 10

/** Empties namespaces that are being deleted and lets them go when nothing is left. */
export class NamespaceCleaner implements AsyncDisposable {
  readonly #options: LifecycleOptions
  readonly #controller: Controller
  readonly #terminating = new Set<string>()

  constructor(options: LifecycleOptions) {
    this.#options = options
    const { storage, clock, logger } = options
    this.#controller = createController({ name: 'namespace', clock, logger, reconcile: name => this.#reconcile(name) })
    for (const object of storage.collection('namespaces').list()) this.#note(object)
    storage.onCommit((collection, { type, object }) => {
      if (collection === 'namespaces') {
        if (type === 'DELETED') this.#terminating.delete(object.metadata.name)
        else this.#note(object)
        return
      }
      const { namespace } = object.metadata
      if (type === 'DELETED' && namespace !== undefined && this.#terminating.has(namespace)) this.#controller.enqueue(namespace)
    })
  }

  start(): Promise<void> {
    return this.#controller.start()
  }

  whenIdle(): Promise<void> {
    return this.#controller.whenIdle()
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#controller[Symbol.asyncDispose]()
  }

  #note({ metadata }: StoredObject): void {
    if (metadata.deletionTimestamp === undefined || this.#terminating.has(metadata.name)) return
    this.#terminating.add(metadata.name)
    this.#controller.enqueue(metadata.name)
  }

  async #reconcile(name: string): Promise<'done'> {
    const { storage, resources, remover, writer, context, count } = this.#options
    const namespace = storage.get('namespaces', '', name)
    const resource = resources.ofCollection('namespaces')
    if (namespace?.metadata.deletionTimestamp === undefined || resource === undefined) return 'done'
    for (const collection of storage.collectionNames()) {
      const own = resources.ofCollection(collection)
      if (own === undefined || !own.type.namespaced) continue
      for (const { metadata } of storage.collection(collection).list(name)) {
        if (metadata.deletionTimestamp !== undefined) continue
        try {
          await remover.remove(own, name, metadata.name, { propagationPolicy: 'Background' }, context)
          count(own, 'DELETE')
        } catch (error) {
          if (!isNotFound(error)) throw error
        }
      }
    }
    const left = this.#remaining(name)
    if (left.length > 0) {
      this.#explain(name, left)
      return 'done'
    }
    writer.overwrite(
      resource,
      '',
      name,
      current => ({ ...current, spec: { ...(current['spec'] as object | undefined), finalizers: [] } }),
      { ...context, subresource: 'finalize' },
    )
    return 'done'
  }

  #remaining(namespace: string): { collection: string; count: number }[] {
    const { storage } = this.#options
    return storage.collectionNames().flatMap(collection => {
      const count = storage.collection(collection).count(namespace)
      return count === 0 ? [] : [{ collection, count }]
    })
  }

  /** Conditions that say what a namespace still waits for. */
  #explain(name: string, left: readonly { collection: string; count: number }[]): void {
    const { storage, resources, writer, clock, context } = this.#options
    const resource = resources.ofCollection('namespaces')
    if (resource === undefined) return
    const finalizers = new Map<string, number>()
    for (const { collection } of left) {
      for (const { metadata } of storage.collection(collection).list(name)) {
        for (const finalizer of metadata.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1)
      }
    }
    const remaining = left
      .map(({ collection, count }) => `${collection.includes('.') ? collection : `${collection}.`} has ${count} resource instances`)
      .toSorted()
    const now = formatTime(clock.now())
    const reason = (type: string, status: boolean, why: string, message: string) => ({
      type,
      status: status ? 'True' : 'False',
      lastTransitionTime: now,
      reason: why,
      message,
    })
    const conditions = [
      reason('NamespaceDeletionDiscoveryFailure', false, 'ResourcesDiscovered', 'All resources successfully discovered'),
      reason('NamespaceDeletionGroupVersionParsingFailure', false, 'ParsedGroupVersions', 'All legacy kube types successfully parsed'),
      reason(
        'NamespaceDeletionContentFailure',
        false,
        'ContentDeleted',
        'All content successfully deleted, may be waiting on finalization',
      ),
      reason('NamespaceContentRemaining', true, 'SomeResourcesRemain', `Some resources are remaining: ${remaining.join(', ')}`),
      finalizers.size > 0
        ? reason(
            'NamespaceFinalizersRemaining',
            true,
            'SomeFinalizersRemain',
            `Some content in the namespace has finalizers remaining: ${[...finalizers]
              .map(([finalizer, count]) => `${finalizer} in ${count} resource instances`)
              .toSorted()
              .join(', ')}`,
          )
        : reason('NamespaceFinalizersRemaining', false, 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
    ]
    const said = storage.get('namespaces', '', name)?.['status'] as { conditions?: { message: string }[] } | undefined
    // While many objects go, the kinds are news and their numbers are not.
    const many = left.reduce((sum, { count }) => sum + count, 0) > fewObjects
    const news = (message: string): string => (many ? message.replaceAll(/\d+/g, '') : message)
    if (conditions.every(({ message }) => said?.conditions?.some(known => news(known.message) === news(message)) === true)) return
    writer.overwrite(
      resource,
      '',
      name,
      current => ({ ...current, status: { ...(current['status'] as object | undefined), phase: 'Terminating', conditions } }),
      {
        ...context,
        subresource: 'status',
      },
    )
  }
}
