import { kubernetesFacts } from '../../../apis/core/facts.ts'
import type { RegisteredResource } from '../registry.ts'
import { customDefinition, definitionName } from './schemas.ts'

/** The OpenAPI v2 document: definitions only, for clients that ask for it as JSON. */
export function swaggerOf(resources: readonly RegisteredResource[]): unknown {
  const facts = kubernetesFacts()
  const custom = resources.filter(resource => resource.custom).map(resource => [definitionName(resource), asV2(customDefinition(resource))])
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: `v${facts.kubernetes}.0` },
    paths: {},
    definitions: { ...facts.definitions, ...(Object.fromEntries(custom) as Record<string, unknown>) },
  }
}

/** References are the one thing that custom definitions write in the manner of version 3. */
function asV2(definition: unknown): unknown {
  return JSON.parse(JSON.stringify(definition).replaceAll('#/components/schemas/', '#/definitions/')) as unknown
}
