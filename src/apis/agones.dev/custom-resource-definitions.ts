import type { CustomResourceDefinitionManifest } from '../../schema/crd.ts'
import { fleetCrd } from './fleet.ts'
import { gameServerCrd } from './game-server-definition.ts'
import { gameServerSetCrd } from './game-server-set.ts'

/** Everything the Agones family needs an API server to know. */
export const agonesCustomResourceDefinitions: readonly CustomResourceDefinitionManifest[] = [fleetCrd, gameServerSetCrd, gameServerCrd]
