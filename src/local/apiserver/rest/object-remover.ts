import { formatTime, type Clock } from '../../../kube/clock.ts'
import { checkNamespaceDeletion } from '../admission/namespace-lifecycle.ts'
import { mutate, validate, type AdmissionChain } from '../admission/chain.ts'
import type { Draft } from '../registry.ts'
import { served, type ServedResource } from '../resources/served-resource.ts'
import { conflict, notFound } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'
import { deepFreeze, type StoredObject } from '../storage/stored-object.ts'
import { hasSpecFinalizers } from './object-writer.ts'
import type { WriteContext } from './write-context.ts'

/** `DeleteOptions` of a request, checked. */
export interface RemoveOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export interface Removal {
  readonly object: StoredObject
  /** False while finalizers or a grace period hold the object. */
  readonly gone: boolean
}

/** Holds the owner until its dependents are gone. */
export const foregroundFinalizer = 'foregroundDeletion'
/** Holds the owner until its dependents forgot it. */
export const orphanFinalizer = 'orphan'
/** Holds a CustomResourceDefinition until its objects are gone. */
export const customResourceFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

const definitions = 'customresourcedefinitions.apiextensions.k8s.io'

export interface ObjectRemoverOptions {
  readonly storage: Storage
  readonly admission: AdmissionChain
  readonly clock: Clock
}

/** Deletions: at once, or by `deletionTimestamp` when a grace period or finalizers stand before it. */
export class ObjectRemover {
  readonly #storage: Storage
  readonly #admission: AdmissionChain
  readonly #clock: Clock

  constructor(options: ObjectRemoverOptions) {
    this.#storage = options.storage
    this.#admission = options.admission
    this.#clock = options.clock
  }

  async remove(resource: ServedResource, namespace: string, name: string, options: RemoveOptions, context: WriteContext): Promise<Removal> {
    checkNamespaceDeletion(resource, name)
    const plugins = this.#admission.concerned(resource, 'DELETE', context.subresource)
    if (plugins.length > 0) {
      const oldObject = this.#require(resource, namespace, name)
      const { user, dryRun, subresource, warnings } = context
      const warn = (message: string): void => void warnings.push(message)
      const attributes = {
        operation: 'DELETE' as const,
        resource,
        subresource,
        namespace,
        name,
        object: undefined,
        oldObject,
        user,
        dryRun,
        warn,
      }
      await mutate(plugins, attributes)
      await validate(plugins, attributes)
    }
    const current = this.#require(resource, namespace, name)
    this.#checkPreconditions(resource, current, options)
    const asked = options.gracePeriodSeconds
    const grace = resource.strategy.gracePeriodSeconds?.(current, asked) ?? 0
    const finalizers = finalizersAfter(resource, current, options.propagationPolicy)
    const holds = finalizers.length > 0 || hasSpecFinalizers(resource, current)
    if (!holds && grace === 0) {
      const last = resource.strategy.gracePeriodSeconds === undefined ? undefined : this.#marked(resource, current, 0, finalizers)
      const gone = last === undefined ? current : deepFreeze(last)
      return { object: served(resource, context.dryRun ? gone : this.#storage.remove(resource.collection, gone)), gone: true }
    }
    const draft = this.#marked(resource, current, grace, finalizers)
    if (draft === undefined) return { object: served(resource, current), gone: false }
    const object = context.dryRun ? deepFreeze(draft) : this.#storage.put(resource.collection, draft)
    return { object: served(resource, object), gone: false }
  }

  #require(resource: ServedResource, namespace: string, name: string): StoredObject {
    const current = this.#storage.get(resource.collection, namespace, name)
    if (current === undefined) throw notFound(resource.type, name)
    return current
  }

  #checkPreconditions(resource: ServedResource, current: StoredObject, { preconditions }: RemoveOptions): void {
    const { uid, resourceVersion } = preconditions ?? {}
    const { metadata } = current
    const { group, kind } = resource.type
    if (uid !== undefined && uid !== metadata.uid) {
      const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`
      throw conflict({ group, plural: kind }, metadata.name, why)
    }
    if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
      const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`
      throw conflict({ group, plural: kind }, metadata.name, why)
    }
  }

  /** The object with its deletion begun; undefined when it had begun already and nothing is new. A grace period only ever gets shorter. */
  #marked(resource: ServedResource, current: StoredObject, grace: number, finalizers: readonly string[]): Draft | undefined {
    const { metadata } = current
    const before = metadata.deletionTimestamp === undefined ? undefined : (metadata.deletionGracePeriodSeconds ?? 0)
    const sameFinalizers =
      finalizers.length === (metadata.finalizers ?? []).length && finalizers.every(item => metadata.finalizers?.includes(item))
    if (before !== undefined && grace >= before && sameFinalizers) return undefined
    const next: Draft = { ...current, metadata: { ...metadata } }
    if (finalizers.length > 0) next.metadata.finalizers = [...finalizers]
    else delete next.metadata.finalizers
    if (before === undefined || grace < before) {
      next.metadata.deletionTimestamp = formatTime(this.#clock.now() + grace * 1000)
      // Namespaces are deleted in two steps and have no grace.
      if (resource.collection !== 'namespaces') next.metadata.deletionGracePeriodSeconds = grace
    }
    if (before === undefined && metadata.generation !== undefined && metadata.generation > 0)
      next.metadata.generation = metadata.generation + 1
    if (resource.collection === definitions && before === undefined) next['status'] = terminatingDefinition(current, this.#clock.now())
    if (resource.collection === 'namespaces') next['status'] = { ...(current['status'] as object | undefined), phase: 'Terminating' }
    return next
  }
}

/** A definition says that its objects are about to go. */
function terminatingDefinition(definition: StoredObject, now: number): object {
  const status = definition['status'] as { readonly conditions?: readonly object[] } | undefined
  const condition = {
    type: 'Terminating',
    status: 'True',
    lastTransitionTime: formatTime(now),
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  }
  return { ...status, conditions: [...(status?.conditions ?? []), condition] }
}

/** The finalizers that say how dependents are treated, beside those the object has. */
function finalizersAfter(resource: ServedResource, current: StoredObject, policy: RemoveOptions['propagationPolicy']): string[] {
  const finalizers = new Set(current.metadata.finalizers)
  if (policy !== undefined) {
    finalizers.delete(foregroundFinalizer)
    finalizers.delete(orphanFinalizer)
    if (policy === 'Foreground') finalizers.add(foregroundFinalizer)
    if (policy === 'Orphan') finalizers.add(orphanFinalizer)
  }
  if (resource.collection === definitions && current.metadata.deletionTimestamp === undefined) {
    finalizers.add(customResourceFinalizer)
  }
  return [...finalizers]
}
