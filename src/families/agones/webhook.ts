import type { GameServer } from '../../apis/agones.dev/game-server.ts'
import { fleets } from '../../apis/agones.dev/fleet.ts'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { gameServerSets } from '../../apis/agones.dev/game-server-set.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { AdmissionRequest } from '../../kube/webhook/admission-review.ts'
import type { AdmissionHandler } from '../../kube/webhook/webhook-server.ts'
import { equalJson } from '../../schema/json.ts'
import { invalidStatus } from '../../schema/status.ts'
import { agonesAdmission } from './admission.ts'
import type { CloudProduct } from './cloud-product/cloud-product.ts'
import { passthroughHandler, passthroughPath, type PassthroughOptions } from './cloud-product/passthrough-webhook.ts'

/** Where the webhooks are served. Berth's chart names them. */
const paths = { validate: '/validate/agones.dev', mutate: '/mutate/agones.dev' } as const

const types = [fleets, gameServerSets, gameServers]

export interface AgonesWebhooksOptions extends PassthroughOptions {
  readonly sdkVersion: string
  readonly cloudProduct: CloudProduct
}

/** Answers AdmissionReviews about Fleets, GameServerSets and GameServers of Agones, and pods with passthrough ports, by path. */
export function agonesWebhooks({ sdkVersion, cloudProduct, ...about }: AgonesWebhooksOptions): ReadonlyMap<string, AdmissionHandler> {
  const { namespaces } = about
  const step = agonesAdmission(sdkVersion, cloudProduct)
  const typeOf = ({ resource: { group, resource }, operation, subResource, namespace, object }: AdmissionRequest) => {
    const type = types.find(one => one.group === group && one.plural === resource)
    const isSeen = namespaces === undefined || namespaces.includes(namespace ?? '')
    const isLeaving = (object as DeepReadonly<GameServer> | null)?.metadata.deletionTimestamp !== undefined
    return type !== undefined && isSeen && !isLeaving && step.matches({ type }, operation, subResource) ? type : undefined
  }
  return new Map<string, AdmissionHandler>([
    [passthroughPath, passthroughHandler(about)],
    [
      paths.validate,
      async request => {
        const type = typeOf(request)
        if (type === undefined) return { allowed: true }
        const errors = await step.validate({ object: request.object, oldObject: request.oldObject ?? undefined })
        if (errors.length === 0) return { allowed: true }
        const { name } = (request.object as GameServer).metadata
        return { allowed: false, status: invalidStatus(type, name, errors) }
      },
    ],
    [
      paths.mutate,
      request => {
        if (typeOf(request) === undefined) return { allowed: true }
        const before = request.object as Readonly<Record<string, unknown>>
        const object = structuredClone(before)
        step.mutate({ object, oldObject: request.oldObject ?? undefined, operation: request.operation })
        const changed = Object.entries(object).filter(([name, value]) => !equalJson(before[name] ?? null, value ?? null))
        return { allowed: true, patch: changed.map(([name, value]) => ({ op: 'add', path: `/${name}`, value })) }
      },
    ],
  ])
}
