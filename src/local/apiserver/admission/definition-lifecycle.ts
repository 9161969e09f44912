import { definitions } from '../resources/definition-strategy.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { kindTerminating } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'

/** Throws when the definition of a custom resource is being deleted: its objects are being removed and none may be added. */
export function checkDefinition(storage: Storage, { collection }: ServedResource): void {
  if (storage.get(definitions, '', collection)?.metadata.deletionTimestamp !== undefined) throw kindTerminating()
}
