import { applyDefaults } from '../../../schema/default.ts'
import { cloneJson, equalJson } from '../../../schema/json.ts'
import { definitions } from '../resources/definition-strategy.ts'
import type { ResourceTable } from '../resources/resource-table.ts'
import type { Storage } from '../storage/storage.ts'

/**
 * When the schema of a custom resource changes, gives stored objects the defaults it now has. The real server does so whenever it reads an
 * object; here objects are handed out as they are stored, so they are brought up to date once.
 */
export function migrateDefaults(storage: Storage, resources: ResourceTable): void {
  storage.onCommit((collection, { type, object, previous }) => {
    if (collection !== definitions || type !== 'MODIFIED' || previous?.metadata.generation === object.metadata.generation) return
    // Listeners may not write: the change itself has to reach everyone first.
    queueMicrotask(() => migrate(storage, resources, object.metadata.name))
  })
}

function migrate(storage: Storage, resources: ResourceTable, collection: string): void {
  const resource = resources.ofCollection(collection)
  if (resource === undefined) return
  for (const object of storage.collection(collection).list()) {
    const draft = cloneJson(object)
    applyDefaults(resource.schema, draft)
    if (!equalJson(draft, object)) storage.put(collection, draft)
  }
}
