import { randomUUID } from 'node:crypto'
import { formatTime, type Clock } from '../../../kube/clock.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { equalJson } from '../../../schema/json.ts'
import { checkDefinition } from '../admission/definition-lifecycle.ts'
import { checkNamespace } from '../admission/namespace-lifecycle.ts'
import { mutate, validate, type AdmissionChain } from '../admission/chain.ts'
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin } from '../admission/admission.ts'
import { trackUpdate } from '../apply/ownership.ts'
import type { Draft, StrategyContext } from '../registry.ts'
import { served, type ServedResource } from '../resources/served-resource.ts'
import { alreadyExists, badRequest, modifiedConflict, notFound, unreasoned } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'
import { deepFreeze, type StoredObject } from '../storage/stored-object.ts'
import { withFixedParts } from './fixed-parts.ts'
import { generatedName } from './generated-name.ts'
import { dedupOwners, dropEmptyMeta, nameRuleOf, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts'
import { type AppliedPatch, decodeDraft, fillDefaults, kindErrors, refuse } from './prepare.ts'
import type { WriteContext } from './write-context.ts'

/**
 * Takes part in the very moment of a write, when nothing can come between its look at the storage and the write itself:
 * the place for allocations. May change the draft; the errors it returns refuse the write.
 */
export interface CommitStep {
  concerns(resource: ServedResource): boolean
  beforeCommit(draft: Draft, old: StoredObject | undefined): FieldError[]
}

export interface ObjectWriterOptions {
  readonly storage: Storage
  readonly admission: AdmissionChain
  readonly clock: Clock
  readonly random: () => number
  readonly commitSteps: readonly CommitStep[]
}

export interface UpdateOptions {
  /** The draft brings its `managedFields`, as server-side apply computes them. */
  readonly ownsManagedFields?: boolean
  /** A write without `resourceVersion` is done again on the newer object instead of failing. */
  readonly retries?: boolean
  /** What the draft was made by, when it was a patch. */
  readonly patch?: AppliedPatch
}

/** Makes new states of the object from the stored one (in the served form): a fresh draft each time it is called. */
export type Produce = (current: StoredObject) => Draft

const generateAttempts = 8

/** Creates and updates: from a draft to a committed object through every rule of its kind. Deletions are in object-remover.ts. */
export class ObjectWriter {
  readonly #storage: Storage
  readonly #admission: AdmissionChain
  readonly #clock: Clock
  readonly #random: () => number
  readonly #commitSteps: readonly CommitStep[]
  #second = -1
  #secondText = ''

  constructor(options: ObjectWriterOptions) {
    this.#storage = options.storage
    this.#admission = options.admission
    this.#clock = options.clock
    this.#random = options.random
    this.#commitSteps = options.commitSteps
  }

  /** Takes the draft over. Returns the stored object in the served form. */
  async create(
    resource: ServedResource,
    namespace: string,
    draft: Draft,
    context: WriteContext,
    options: UpdateOptions = {},
  ): Promise<StoredObject> {
    const { metadata } = draft
    if (!resource.type.namespaced) delete metadata.namespace
    if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
    }
    if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '')
      throw unreasoned('resourceVersion should not be set on objects to be created')
    decodeDraft(resource, draft, context)
    const { generateName } = metadata
    const generates = (metadata.name === undefined || metadata.name === '') && generateName !== undefined && generateName !== ''
    const strategyContext = this.#strategyContext(context)
    metadata.uid = randomUUID()
    metadata.creationTimestamp = this.#time()
    if (resource.type.namespaced) metadata.namespace = namespace
    delete metadata.deletionTimestamp
    delete metadata.deletionGracePeriodSeconds
    delete metadata.selfLink
    dropEmptyMeta(metadata as unknown as Record<string, unknown>)
    if (generates) metadata.name = generatedName(generateName, this.#random)
    if (resource.custom || resource.strategy.hasGeneration) metadata.generation = 1
    dedupOwners(metadata, context.warnings)
    let object = resource.conversion?.toStored(draft) ?? draft
    if (resource.hasStatus && resource.collection !== 'nodes' && resource.collection !== 'namespaces') delete object['status']
    fillDefaults(resource, object)
    if (options.ownsManagedFields !== true) this.#track(resource, undefined, object, context)
    resource.strategy.prepareForCreate?.(object, strategyContext)
    checkNamespace(this.#storage, resource, namespace, object.metadata.name ?? '')
    if (resource.custom) checkDefinition(this.#storage, resource)
    const plugins = this.#admission.concerned(resource, 'CREATE', context.subresource)
    const attributes = this.#attributes('CREATE', resource, namespace, object, undefined, context)
    if (plugins.length > 0) await this.#mutate(plugins, attributes, resource, object)
    const errors = validateObjectMeta(object, resource.type.namespaced, nameRuleOf(resource.collection))
    errors.push(...kindErrors(resource, object, undefined, strategyContext))
    refuse(resource, object.metadata.name ?? '', errors)
    if (plugins.length > 0) await validate(plugins, attributes)
    for (let attempt = 1; ; attempt += 1) {
      const taken = this.#storage.get(resource.collection, namespace, object.metadata.name)
      if (taken === undefined) break
      if (!generates || attempt > generateAttempts) {
        throw alreadyExists(resource.type, object.metadata.name, taken.metadata.deletionTimestamp !== undefined)
      }
      object = { ...object, metadata: { ...object.metadata, name: generatedName(generateName, this.#random) } }
    }
    if (plugins.length > 0) checkNamespace(this.#storage, resource, namespace, object.metadata.name)
    this.#beforeCommit(resource, object, undefined)
    if (context.dryRun) return served(resource, deepFreeze(object))
    return served(resource, this.#storage.put(resource.collection, object))
  }

  /** Replaces an object by what `produce` makes of it. An update that changes nothing writes nothing. */
  async update(
    resource: ServedResource,
    namespace: string,
    name: string,
    produce: Produce,
    context: WriteContext,
    options: UpdateOptions = {},
  ): Promise<StoredObject> {
    for (;;) {
      const current = this.#storage.get(resource.collection, namespace, name)
      if (current === undefined) throw notFound(resource.type, name)
      const draft = produce(served(resource, current))
      const based = draft.metadata.resourceVersion
      const isConditional = based !== undefined && based !== ''
      if (!isConditional && resource.custom && options.retries !== true && context.subresource !== 'scale') {
        const { group, plural } = resource.type
        refuse({ ...resource, type: { ...resource.type, group, kind: plural } }, name, [
          { type: 'FieldValueInvalid', field: 'metadata.resourceVersion', value: 0, detail: 'must be specified for an update' },
        ])
      }
      if (isConditional && !/^\d+$/.test(based)) throw unreasoned(`strconv.ParseUint: parsing ${JSON.stringify(based)}: invalid syntax`)
      if (isConditional && based !== current.metadata.resourceVersion) throw modifiedConflict(resource.type, name)
      decodeDraft(resource, draft, context, options.patch)
      const strategyContext = this.#strategyContext(context)
      dedupOwners(draft.metadata, context.warnings)
      const { uid } = draft.metadata
      if (options.patch !== undefined && uid !== undefined && uid !== '' && uid !== current.metadata.uid) {
        refuse(resource, name, [{ type: 'FieldValueInvalid', field: 'metadata.uid', value: uid, detail: 'field is immutable' }])
      }
      const object = withFixedParts(resource, current, draft, strategyContext, tracked => {
        if (options.ownsManagedFields !== true) this.#track(resource, current, tracked, context)
      })
      const plugins = this.#admission.concerned(resource, 'UPDATE', context.subresource)
      const attributes = this.#attributes('UPDATE', resource, namespace, object, current, context)
      if (plugins.length > 0) await this.#mutate(plugins, attributes, resource, object)
      const errors = validateObjectMetaUpdate(object, current)
      if (!equalJson(object.metadata, current.metadata)) {
        errors.push(...validateObjectMeta(object, resource.type.namespaced, nameRuleOf(resource.collection)))
      }
      errors.push(...kindErrors(resource, object, current, strategyContext))
      refuse(resource, name, errors)
      if (plugins.length > 0) await validate(plugins, attributes)
      const latest = this.#storage.get(resource.collection, namespace, name)
      if (latest !== current) {
        if (latest === undefined) throw notFound(resource.type, name)
        if (isConditional && options.retries !== true) throw modifiedConflict(resource.type, name)
        continue
      }
      return served(resource, this.#commitUpdate(resource, current, object, context))
    }
  }

  /**
   * Replaces an object by what `produce` makes of it, for changes the server itself defines (a binding, a finalized namespace): metadata,
   * spec and status alike, past the rules for what a user may change.
   */
  overwrite(
    resource: ServedResource,
    namespace: string,
    name: string,
    produce: Produce,
    context: WriteContext,
    /** Whether the change counts as the writer's own, in `managedFields`. */
    options: { readonly tracked?: boolean } = {},
  ): StoredObject {
    const current = this.#storage.get(resource.collection, namespace, name)
    if (current === undefined) throw notFound(resource.type, name)
    const draft = produce(current)
    const object = { ...draft, metadata: { ...draft.metadata } }
    if (options.tracked === true) this.#track(resource, current, object, context)
    return served(resource, this.#commitUpdate(resource, current, object, context))
  }

  #commitUpdate(resource: ServedResource, current: StoredObject, object: Draft, context: WriteContext): StoredObject {
    this.#beforeCommit(resource, object, current)
    const { metadata } = object
    const isGone =
      metadata.deletionTimestamp !== undefined &&
      (metadata.finalizers ?? []).length === 0 &&
      (metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
      !hasSpecFinalizers(resource, object)
    if (!isGone && equalJson(object, current)) return current
    if (context.dryRun) return deepFreeze(object)
    if (!isGone) return this.#storage.put(resource.collection, object)
    // Watchers are told of what was stored last; who let it go sees what was sent, which never was a version of its own.
    this.#storage.remove(resource.collection, current)
    return deepFreeze(object)
  }

  /** Records what the writer sent, before admission and the rules of the kind add to it: nobody owns what the server makes of an object. */
  #track(resource: ServedResource, current: StoredObject | undefined, object: Draft, context: WriteContext): void {
    const { conversion } = resource
    // Fields have the names under which they were sent.
    const sent = conversion === undefined ? object : (conversion.toServed(object as StoredObject) as Draft)
    const before = current === undefined ? undefined : served(resource, current)
    const entries = trackUpdate(resource.schema, before, sent, this.#writer(resource, context))
    if (entries.length > 0) object.metadata.managedFields = entries
    else delete object.metadata.managedFields
  }

  async #mutate(
    plugins: readonly AdmissionPlugin[],
    attributes: AdmissionAttributes,
    resource: ServedResource,
    object: Draft,
  ): Promise<void> {
    if (!plugins.some(plugin => plugin.mutate !== undefined)) return
    await mutate(plugins, attributes)
    if (attributes.subresource !== 'status') fillDefaults(resource, object)
  }

  #beforeCommit(resource: ServedResource, object: Draft, old: StoredObject | undefined): void {
    for (const step of this.#commitSteps) {
      if (step.concerns(resource)) refuse(resource, object.metadata.name, step.beforeCommit(object, old))
    }
  }

  #attributes(
    operation: AdmissionOperation,
    resource: ServedResource,
    namespace: string,
    object: Draft,
    oldObject: StoredObject | undefined,
    context: WriteContext,
  ): AdmissionAttributes {
    const { user, dryRun, subresource, warnings } = context
    const { name } = object.metadata
    return {
      operation,
      resource,
      subresource,
      namespace,
      name,
      object,
      oldObject,
      user,
      dryRun,
      warn: message => void warnings.push(message),
    }
  }

  /** The present second as text; many writes share one. */
  #time(): string {
    const second = Math.floor(this.#clock.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#secondText = formatTime(second * 1000)
    }
    return this.#secondText
  }

  #strategyContext(context: WriteContext): StrategyContext {
    return {
      now: () => new Date(this.#clock.now()),
      dryRun: context.dryRun,
      subresource: context.subresource,
      warn: message => void context.warnings.push(message),
    }
  }

  #writer(resource: ServedResource, context: WriteContext) {
    return {
      manager: context.fieldManager,
      apiVersion: resource.apiVersion,
      subresource: context.subresource,
      time: this.#time(),
    }
  }
}

/** Namespaces have finalizers in their spec as well. */
export function hasSpecFinalizers(resource: ServedResource, object: Readonly<Draft>): boolean {
  if (resource.collection !== 'namespaces') return false
  const spec = object['spec'] as { finalizers?: readonly string[] } | undefined
  return (spec?.finalizers ?? []).length > 0
}
