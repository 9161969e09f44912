/** What the schemas cannot say about Agones' kinds, as a step of an admission chain. In the words and paths of Agones. */
import { type Fleet, fleets } from '../../apis/agones.dev/fleet.ts'
import { type GameServer, gameServers } from '../../apis/agones.dev/game-server.ts'
import { type GameServerSet, gameServerSets } from '../../apis/agones.dev/game-server-set.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { controllerOf } from '../../kube/owner-reference.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { FieldError } from '../../schema/field-error.ts'
import { equalJson } from '../../schema/json.ts'
import { annotations } from '../../apis/agones.dev/annotations.ts'
import type { CloudProduct } from './cloud-product/cloud-product.ts'
import { complete } from './game-server/complete.ts'
import { directedErrors } from './game-server/directed.ts'
import {
  addressErrors,
  annotationErrors,
  metadataErrors,
  misplacedNetworkErrors,
  validateGameServer,
  validateSpec,
} from './game-server/validate.ts'
import { canFollow, inPlacePolicyOf, wrongNotes } from './update-policy.ts'

/** Where annotations of servers stand in a Fleet and in a set. */
const templateNotes = 'spec.template.metadata.annotations'
/** Names become values of labels. */
const longestName = 63

export function validateFleet({ metadata, spec }: DeepReadonly<Fleet>, product: CloudProduct): FieldError[] {
  const { maxSurge, maxUnavailable } = spec.strategy?.rollingUpdate ?? {}
  const path = 'spec.strategy.rollingUpdate'
  return [
    ...nameErrors(metadata.name),
    ...shareErrors(`${path}.maxSurge`, maxSurge),
    ...shareErrors(`${path}.maxUnavailable`, maxUnavailable),
    ...ownErrors(metadata.annotations),
    ...wrongNotes(metadata.annotations).map(
      ({ name, value, detail }): FieldError => ({ type: 'FieldValueInvalid', field: `metadata.annotations[${name}]`, value, detail }),
    ),
    ...templateErrors(spec, product),
  ]
}

/** Of what is said of servers on their Fleet or set itself. */
function ownErrors(given: Readonly<Record<string, string>> | undefined): FieldError[] {
  return [...addressErrors('metadata.annotations', given), ...misplacedNetworkErrors('metadata.annotations', given, templateNotes)]
}

/** Of what Fleets and GameServerSets put on their servers, and of how these are placed. */
function templateErrors(
  { template, scheduling, allocationOverflow }: DeepReadonly<Pick<Fleet['spec'], 'template' | 'scheduling' | 'allocationOverflow'>>,
  product: CloudProduct,
): FieldError[] {
  return [
    ...metadataErrors(template.metadata, 'spec.template.metadata'),
    ...metadataErrors(allocationOverflow, 'spec.allocationOverflow'),
    ...annotationErrors(templateNotes, template.metadata?.annotations as Record<string, string> | undefined),
    ...validateSpec(template.spec, 'spec.template.spec', product, templateNotes),
    ...product.validateScheduling(scheduling, 'spec.scheduling'),
  ]
}

export function validateGameServerSet(
  set: DeepReadonly<GameServerSet>,
  old: DeepReadonly<GameServerSet> | undefined,
  product: CloudProduct,
): FieldError[] {
  const { metadata, spec } = set
  if (old === undefined) return [...nameErrors(metadata.name), ...ownErrors(metadata.annotations), ...templateErrors(spec, product)]
  if (equalJson(spec.template, old.spec.template)) return []
  // One whose servers are changed in place follows its Fleet.
  if (inPlacePolicyOf(set) !== undefined && canFollow(old.spec.template, spec.template)) return []
  return [{ type: 'FieldValueInvalid', field: 'spec.template', value: spec.template, detail: 'GameServerSet template cannot be updated' }]
}

function nameErrors(name: string): FieldError[] {
  if (name.length <= longestName) return []
  return [{ type: 'FieldValueTooLong', field: 'metadata.name', value: '', detail: `may not be more than ${longestName} bytes` }]
}

/** A number from 1, or a percentage from 1 to 99. */
function shareErrors(field: string, value: number | string | undefined): FieldError[] {
  if (value === undefined) return []
  const invalid = (detail: string): FieldError[] => [{ type: 'FieldValueInvalid', field, value, detail }]
  if (typeof value === 'number') return value >= 1 ? [] : invalid('must be at least 1')
  const percent = /^(\d+)%$/.exec(value)?.[1]
  return percent !== undefined && Number(percent) >= 1 && Number(percent) <= 99 ? [] : invalid('must be between 1% and 99%')
}

/** What an admission chain has to offer; that of the embedded API server does. */
interface AdmissionRequest {
  readonly object: unknown
  readonly oldObject: unknown
}

interface AdmissionStep {
  readonly name: string
  matches(resource: { readonly type: ResourceType }, operation: string, subresource: string | undefined): boolean
  mutate(request: AdmissionRequest & { readonly operation: string }): void
  validate(request: AdmissionRequest): Promise<readonly FieldError[]>
}

/** Completes what is created, as users of Agones see it at once, and refuses what cannot work. */
export function agonesAdmission(sdkVersion: string, product: CloudProduct): AdmissionStep {
  return {
    name: 'agones.berth.dev',
    matches: ({ type: { group } }, operation, subresource) =>
      group === gameServers.group && subresource === undefined && (operation === 'CREATE' || operation === 'UPDATE'),
    mutate({ object, operation }) {
      const created = object as GameServer | Fleet
      if (operation !== 'CREATE') return
      if (created.kind === gameServers.kind) Object.assign(created, completeIfPossible(created as GameServer, sdkVersion))
      else if (created.kind === fleets.kind)
        created.metadata.annotations = { ...created.metadata.annotations, [annotations.sdkVersion]: sdkVersion }
    },
    validate: ({ object, oldObject }) => {
      const { kind } = object as { kind?: string }
      const errors =
        kind === fleets.kind
          ? validateFleet(object as DeepReadonly<Fleet>, product)
          : kind === gameServerSets.kind
            ? validateGameServerSet(object as DeepReadonly<GameServerSet>, oldObject as DeepReadonly<GameServerSet> | undefined, product)
            : gameServerErrors(object as DeepReadonly<GameServer>, oldObject as DeepReadonly<GameServer> | undefined, product)
      return Promise.resolve(errors)
    },
  }
}

/** Those of a set have been judged with it, and come with their ports. Later, only directed images are looked at: games and controllers write often. */
function gameServerErrors(
  server: DeepReadonly<GameServer>,
  old: DeepReadonly<GameServer> | undefined,
  product: CloudProduct,
): FieldError[] {
  const isJudged = old !== undefined || controllerOf(server)?.kind === gameServerSets.kind
  return [...(isJudged ? [] : validateGameServer(server, product)), ...directedErrors(server, old)]
}

/** Nobody has looked at the schema yet. What has not the shape of its kind is refused by it later, with the field's path. */
function completeIfPossible(server: GameServer, sdkVersion: string): GameServer {
  try {
    return complete(server, sdkVersion)
  } catch (error) {
    if (error instanceof TypeError) return server
    throw error
  }
}
