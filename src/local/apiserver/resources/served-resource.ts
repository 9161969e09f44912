import type { RegisteredResource } from '../registry.ts'
import type { CollectionName } from '../storage/storage.ts'
import type { QuestionKind } from './question.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import type { Draft } from '../registry.ts'

/** Where and in which form the objects of a served resource are stored. */
export interface ServedResource extends RegisteredResource {
  readonly collection: CollectionName
  /** `apps/v1`: what objects carry when they are served here. */
  readonly apiVersion: string
  /** Present when another version or group is the stored form. */
  readonly conversion?: Conversion
  /** Present where objects are questions: answered and never stored. */
  readonly answer?: QuestionKind['answer']
}

/** Between the form that is served and the one that is stored. */
export interface Conversion {
  /** Makes a draft in the served form the stored one; may change the draft. */
  toStored(draft: Draft): Draft
  /** Never changes the stored object. */
  toServed(object: StoredObject): StoredObject
}

/** The stored object as clients of this resource see it; the same object twice gives the same view. */
export function served(resource: ServedResource, object: StoredObject): StoredObject {
  const { conversion } = resource
  if (conversion === undefined) return object
  let views = viewsOf.get(conversion)
  if (views === undefined) {
    views = new WeakMap()
    viewsOf.set(conversion, views)
  }
  let view = views.get(object)
  if (view === undefined) {
    view = Object.freeze(conversion.toServed(object))
    views.set(object, view)
  }
  return view
}

const viewsOf = new WeakMap<Conversion, WeakMap<StoredObject, StoredObject>>()
