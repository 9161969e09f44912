import type { CustomResourceDefinitionManifest } from '../../schema/crd.ts'
import { gameServerCrd } from './game-server.ts'
import { gameServerSetCrd } from './game-server-set.ts'

/** Everything the OpenKruiseGame family needs an API server to know. */
export const okgCustomResourceDefinitions: readonly CustomResourceDefinitionManifest[] = [gameServerSetCrd, gameServerCrd]
