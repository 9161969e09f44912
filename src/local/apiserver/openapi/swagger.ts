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

/** The form of the OpenAPI v2 document that kubectl asks for. */
export const swaggerProtobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'

/**
 * A version 2 document in protobuf that describes nothing. Clients that read it validate nothing themselves, and leave validation to the
 * server. It is ASCII, so a text can carry it.
 */
export function emptySwaggerProtobuf(): string {
  const version = `v${kubernetesFacts().kubernetes}.0`
  return field(1, '2.0') + field(2, field(1, 'Kubernetes') + field(2, version))
}

/** A length-delimited field with less than 128 bytes. */
function field(number: number, text: string): string {
  return String.fromCharCode((number << 3) | 2, text.length) + text
}
