import type { ParameterValidator } from '../../addresses/parameter-validator.ts'
import { gameServers, type GameServer } from '../../apis/game.kruise.io/game-server.ts'
import { type GameServerSet, gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../apis/game.kruise.io/labels.ts'
import { isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { FieldError } from '../../schema/field-error.ts'
import { equalJson } from '../../schema/json.ts'
import { fieldErrorText } from '../../schema/status.ts'
import { validateGameServerSet } from './game-server-set/validate.ts'
import { intentWarnings, overrideErrors } from './game-server/validate.ts'

/** What stands against a write, and what its author should know. */
export interface Review {
  readonly errors: readonly FieldError[]
  readonly warnings: readonly string[]
}

const fine: Review = { errors: [], warnings: [] }

export interface OkgReviewerOptions {
  readonly addresses: ParameterValidator
  /** Reads the set a server belongs to. */
  readonly client: Pick<Client, 'get'>
}

/**
 * Judges GameServerSets and GameServers that are about to be written by what their schemas cannot say. Errors that the stored object has
 * already do not count: who changes something else must not be kept from it.
 */
export class OkgReviewer {
  readonly #options: OkgReviewerOptions

  constructor(options: OkgReviewerOptions) {
    this.#options = options
  }

  /** Unknown networks and parameters, bad reserve lists, templates no pod can have, changes that InPlaceOnly forbids. */
  reviewSet(set: DeepReadonly<GameServerSet>, old: DeepReadonly<GameServerSet> | undefined): Review {
    const errors = this.#errorsOf(set, old)
    if (errors.length === 0 || old === undefined) return { errors, warnings: [] }
    const known = new Set(this.#errorsOf(old, undefined).map(fieldErrorText))
    return { errors: errors.filter(error => !known.has(fieldErrorText(error))), warnings: [] }
  }

  /** Overrides of containers that the set does not have; intent that no label can carry. */
  async reviewServer(server: DeepReadonly<GameServer>, old: DeepReadonly<GameServer> | undefined, signal?: AbortSignal): Promise<Review> {
    if (old !== undefined && equalJson(server.spec, old.spec)) return fine
    const warnings = intentWarnings(server, old)
    if (equalJson(server.spec?.containers ?? [], old?.spec?.containers ?? [])) return { errors: [], warnings }
    const set = await this.#setOf(server, signal)
    return { errors: set === undefined ? [] : overrideErrors(server, old, set), warnings }
  }

  #errorsOf(set: DeepReadonly<GameServerSet>, old: DeepReadonly<GameServerSet> | undefined): FieldError[] {
    return validateGameServerSet(set, old, this.#options.addresses)
  }

  async #setOf({ metadata }: DeepReadonly<GameServer>, signal: AbortSignal | undefined): Promise<DeepReadonly<GameServerSet> | undefined> {
    const { namespace, labels: own } = metadata
    const name = own?.[labels.ownerSet]
    if (namespace === undefined || name === undefined) return undefined
    try {
      return await this.#options.client.get(gameServerSets, { namespace, name }, signal === undefined ? {} : { signal })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
}

/** What an admission chain has to offer for {@link okgAdmission}; that of the embedded API server does. */
interface AdmissionRequest {
  readonly object: unknown
  readonly oldObject: unknown
  readonly warn: (message: string) => void
}

/** A step of an admission chain. */
export interface OkgAdmission {
  readonly name: string
  matches(resource: { readonly type: ResourceType }, operation: string, subresource: string | undefined): boolean
  validate(request: AdmissionRequest): Promise<readonly FieldError[]>
}

/** The reviewer as a step of an admission chain. As the webhook does, it looks at servers only when they change: they are created by Berth. */
export function okgAdmission(reviewer: OkgReviewer): OkgAdmission {
  const isSet = (object: unknown): object is DeepReadonly<GameServerSet> => (object as { kind?: string }).kind === gameServerSets.kind
  return {
    name: 'okg.berth.dev',
    matches: ({ type: { group, plural } }, operation, subresource) =>
      group === gameServerSets.group &&
      subresource === undefined &&
      ((plural === gameServerSets.plural && operation !== 'DELETE') || (plural === gameServers.plural && operation === 'UPDATE')),
    async validate({ object, oldObject, warn }) {
      const { errors, warnings } = isSet(object)
        ? reviewer.reviewSet(object, oldObject as DeepReadonly<GameServerSet> | undefined)
        : await reviewer.reviewServer(object as DeepReadonly<GameServer>, oldObject as DeepReadonly<GameServer> | undefined)
      for (const warning of warnings) warn(warning)
      return errors
    },
  }
}
