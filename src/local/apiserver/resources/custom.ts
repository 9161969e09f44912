import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../../apis/core/types.generated.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import type { KindStrategy, ScalePaths } from '../registry.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import { compileJsonPath } from '../table/json-path.ts'
import type { WatchHub } from '../watch/watch-hub.ts'
import { definitions } from './definition-strategy.ts'
import type { ResourceTable } from './resource-table.ts'
import { scaleErrors } from './scale-validation.ts'
import type { Conversion, ServedResource } from './served-resource.ts'

const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

/** Keeps the table of resources in step with the stored CustomResourceDefinitions, from this moment on. */
export function serveDefinitions(storage: Storage, resources: ResourceTable, hub: WatchHub): void {
  for (const object of storage.collection(definitions).list()) serve(object, resources)
  storage.onCommit((collection, change) => {
    if (collection !== definitions) return
    const { name } = change.object.metadata
    if (change.type === 'DELETED') {
      resources.removeCollection(name)
      hub.closeAll(name)
      return
    }
    // Writes of status alone leave the resources as they are.
    if (change.previous !== undefined && change.previous.metadata.generation === change.object.metadata.generation) return
    if (change.object.metadata.deletionTimestamp !== undefined) return
    if (change.previous !== undefined) resources.removeCollection(name)
    serve(change.object, resources)
    // Watchers see objects by the schema they asked for: let them ask again.
    if (change.previous !== undefined) hub.closeAll(name)
  })
}

function serve(object: StoredObject, resources: ResourceTable): void {
  const definition = object as unknown as CustomResourceDefinition
  const isEstablished = definition.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true
  if (!isEstablished) return
  for (const resource of resourcesOf(definition)) resources.add(resource)
}

/** One resource for each served version of a definition. */
export function resourcesOf({ metadata, spec }: CustomResourceDefinition): ServedResource[] {
  const stored = spec.versions.find(({ storage }) => storage)?.name ?? ''
  return spec.versions.filter(({ served }) => served).map(version => resourceOf(metadata.name, spec, version, stored))
}

function resourceOf(
  collection: string,
  spec: CustomResourceDefinition['spec'],
  version: CustomResourceDefinitionVersion,
  stored: string,
): ServedResource {
  const { group, names } = spec
  const type = { group, version: version.name, plural: names.plural, kind: names.kind, namespaced: spec.scope === 'Namespaced' }
  const hasStatus = version.subresources?.status !== undefined
  const scale = version.subresources?.scale
  const paths =
    scale === undefined
      ? undefined
      : {
          specReplicas: scale.specReplicasPath,
          statusReplicas: scale.statusReplicasPath,
          ...(scale.labelSelectorPath === undefined ? {} : { labelSelector: scale.labelSelectorPath }),
        }
  return {
    type,
    apiVersion: `${group}/${version.name}`,
    collection,
    ...(spec.versions.length === 1 ? {} : { conversion: renaming(`${group}/${version.name}`, `${group}/${stored}`) }),
    storedAs: `${group}/${stored}`,
    listKind: names.listKind ?? `${names.kind}List`,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs,
    subresources: [
      ...(hasStatus
        ? [{ name: 'status', verbs: ['get', 'patch', 'update'], kind: { group, version: version.name, kind: names.kind } }]
        : []),
      ...(scale === undefined
        ? []
        : [{ name: 'scale', verbs: ['get', 'patch', 'update'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } }]),
    ],
    schema: (version.schema?.openAPIV3Schema ?? { type: 'object' }) as StructuralSchema,
    custom: true,
    hasStatus,
    ...(paths === undefined ? {} : { scale: paths }),
    columns: version.additionalPrinterColumns ?? [],
    strategy: strategyOf(version, paths),
  }
}

/** Conversion "None": versions differ in their name alone. Objects keep the name they were stored under when the storage version moves on. */
function renaming(servedVersion: string, storedVersion: string): Conversion {
  return {
    toStored: draft => ({ ...draft, apiVersion: storedVersion }),
    toServed: object => (object.apiVersion === servedVersion ? object : { ...object, apiVersion: servedVersion }),
  }
}

function strategyOf(version: CustomResourceDefinitionVersion, paths: ScalePaths | undefined): KindStrategy {
  const fields = (version.selectableFields ?? []).map(({ jsonPath }) => ({
    name: jsonPath.replace(/^\./, ''),
    read: compileJsonPath(jsonPath),
  }))
  const validate: Pick<KindStrategy, 'validate'> = paths === undefined ? {} : { validate: object => scaleErrors(object, paths) }
  if (fields.length === 0) return { hasGeneration: true, ...validate }
  return {
    hasGeneration: true,
    ...validate,
    selectableFields(object) {
      const values: Record<string, string> = {}
      for (const { name, read } of fields) values[name] = scalarText(read?.(object)[0])
      return values
    },
  }
}

function scalarText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
