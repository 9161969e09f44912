import type { DeepReadonly, KubeObject } from './object.ts'

/**
 * The object as stores keep it: without the record of who wrote which field, of which no controller asks and which is more than half of the memory
 * that an object takes. Objects that others share within the process, and which are frozen therefore, stay as they are.
 */
export function kept<T extends KubeObject>(object: DeepReadonly<T>): DeepReadonly<T> {
  const { metadata } = object
  // Emptied and not deleted: objects that have lost a member are slower and take more memory.
  if (metadata.managedFields !== undefined && !Object.isFrozen(metadata)) Object.assign(metadata, { managedFields: undefined })
  return object
}
