import { isNotFound } from '../../../kube/api-error.ts'
import { createController, type Controller } from '../../../kube/controller.ts'
import { definitions } from '../resources/definition-strategy.ts'
import { customResourceFinalizer } from '../rest/object-remover.ts'
import type { LifecycleOptions } from './garbage-collector.ts'

/** Deletes the objects of CustomResourceDefinitions that are being deleted, then lets the definitions go. */
export class DefinitionCleaner implements AsyncDisposable {
  readonly #options: LifecycleOptions
  readonly #controller: Controller
  readonly #terminating = new Set<string>()

  constructor(options: LifecycleOptions) {
    this.#options = options
    const { storage, clock, logger } = options
    this.#controller = createController({ name: 'crd-finalizer', clock, logger, reconcile: name => this.#reconcile(name) })
    for (const { metadata } of storage.collection(definitions).list()) this.#note(metadata)
    storage.onCommit((collection, { type, object }) => {
      if (collection === definitions) {
        if (type === 'DELETED') this.#terminating.delete(object.metadata.name)
        else this.#note(object.metadata)
      } else if (type === 'DELETED' && this.#terminating.has(collection)) this.#controller.enqueue(collection)
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

  #note({ name, deletionTimestamp }: { readonly name: string; readonly deletionTimestamp?: string }): void {
    if (deletionTimestamp === undefined || this.#terminating.has(name)) return
    this.#terminating.add(name)
    this.#controller.enqueue(name)
  }

  async #reconcile(name: string): Promise<'done'> {
    const { storage, resources, remover, writer, context, count } = this.#options
    const definition = storage.get(definitions, '', name)
    const resource = resources.ofCollection(definitions)
    if (definition?.metadata.deletionTimestamp === undefined || resource === undefined) return 'done'
    const own = resources.ofCollection(name)
    for (const { metadata } of storage.collection(name).list()) {
      if (own === undefined || metadata.deletionTimestamp !== undefined) continue
      try {
        await remover.remove(own, metadata.namespace ?? '', metadata.name, {}, context)
        count(own, 'DELETE')
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
    if (storage.collection(name).size > 0) return 'done'
    writer.overwrite(
      resource,
      '',
      name,
      current => {
        const { finalizers, ...metadata } = current.metadata
        const left = (finalizers ?? []).filter(finalizer => finalizer !== customResourceFinalizer)
        return { ...current, metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left } }
      },
      context,
    )
    return 'done'
  }
}
