import { kubernetesFacts } from '../../../apis/core/facts.ts'
import type { RegisteredResource } from '../registry.ts'
import { pathsOfResource } from './paths.ts'
import { addDefinition, customDefinition, definitionName, listDefinition, META } from './schemas.ts'

/**
 * The OpenAPI v3 document of one group-version, with what clients read of it: paths with their kinds and parameters, schemas with their
 * merge rules.
 * @param key `api/v1` or `apis/apps/v1`
 */
export function documentOf(key: string, resources: readonly RegisteredResource[]): unknown {
  const schemas: Record<string, unknown> = {}
  const paths: Record<string, unknown> = {}
  for (const id of Object.values(META)) addDefinition(schemas, id)
  for (const resource of resources) {
    const name = definitionName(resource)
    if (resource.custom) schemas[name] = customDefinition(resource)
    else addDefinition(schemas, name)
    if (resource.verbs.includes('list')) schemas[`${name}List`] = listDefinition(resource, name)
    Object.assign(paths, pathsOfResource(`/${key}`, resource, name))
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: `v${kubernetesFacts().kubernetes}.0` },
    paths,
    components: { schemas },
  }
}
