/** What code that works with Fleets needs; the schema, which only definitions need, has a file of its own. */
import type { KubeObject } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { Infer } from '../../schema/builder.ts'
import type * as definition from './fleet-definition.ts'

export type Fleet = KubeObject & Infer<typeof definition.schema>
export type FleetStatus = NonNullable<Fleet['status']>

export const fleets: ResourceType<Fleet> = { group: 'agones.dev', version: 'v1', plural: 'fleets', kind: 'Fleet', namespaced: true }
