import type { CustomResourceDefinitionManifest } from '../../schema/crd.ts'
import { fleetCrd } from './fleet-definition.ts'
import { gameServerCrd } from './game-server-definition.ts'
import { gameServerSetCrd } from './game-server-set-definition.ts'

/** Everything the Agones family needs an API server to know. */
export const agonesCustomResourceDefinitions: readonly CustomResourceDefinitionManifest[] = [fleetCrd, gameServerSetCrd, gameServerCrd]
