import type { AddressEngine } from '../../addresses/engine.ts'
import { type GameServerSet, gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { FieldError } from '../../schema/field-error.ts'
import { validateGameServerSet } from './game-server-set/validate.ts'

/** What an admission chain has to offer for {@link okgAdmission}; that of the embedded API server does. */
interface AdmissionRequest {
  readonly object: unknown
  readonly oldObject: unknown
}

/** A step of an admission chain. */
export interface OkgAdmission {
  readonly name: string
  matches(resource: { readonly type: ResourceType }, operation: string, subresource: string | undefined): boolean
  validate(request: AdmissionRequest): readonly FieldError[]
}

/** Refuses GameServerSets that could never work: unknown networks and parameters, bad reserve lists, changes that InPlaceOnly forbids. */
export function okgAdmission(addresses: Pick<AddressEngine, 'validate' | 'providers'>): OkgAdmission {
  return {
    name: 'okg.berth.dev',
    matches: ({ type }, operation, subresource) =>
      type.group === gameServerSets.group && type.plural === gameServerSets.plural && operation !== 'DELETE' && subresource === undefined,
    validate: ({ object, oldObject }) =>
      validateGameServerSet(
        object as DeepReadonly<GameServerSet>,
        oldObject as DeepReadonly<GameServerSet> | undefined,
        (provider, parameters) => addresses.validate(provider, parameters),
        addresses.providers,
      ),
  }
}
