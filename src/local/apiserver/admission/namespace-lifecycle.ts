import type { RegisteredResource } from '../registry.ts'
import { forbidden, notFound } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'

/** Namespaces that no one may delete. */
const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])

/** Throws unless objects can be created in the namespace: it exists and is not going away. */
export function checkNamespace(storage: Storage, resource: RegisteredResource, namespace: string, name: string): void {
  if (!resource.type.namespaced) return
  const object = storage.get('namespaces', '', namespace)
  if (object === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace)
  if (object.metadata.deletionTimestamp === undefined) return
  throw forbidden(resource.type, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
    { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' },
  ])
}

/** Throws for the namespaces a cluster cannot live without. */
export function checkNamespaceDeletion(resource: RegisteredResource, name: string): void {
  if (resource.type.group !== '' || resource.type.plural !== 'namespaces' || !immortal.has(name)) return
  throw forbidden(resource.type, name, 'this namespace may not be deleted')
}
