import { gameServers, type GameServer } from '../../apis/game.kruise.io/game-server.ts'
import { type GameServerSet, gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { AdmissionAnswer } from '../../kube/webhook/admission-review.ts'
import type { AdmissionHandler } from '../../kube/webhook/webhook-server.ts'
import { invalidStatus } from '../../schema/status.ts'
import type { OkgReviewer, Review } from './admission.ts'
import { controlChoices, controlLabel } from './control/decide.ts'
import { webhookPaths } from './webhook-configuration.ts'

export interface OkgWebhooksOptions {
  readonly reviewer: OkgReviewer
  /** Whether OpenKruiseGame's own manager is there. Asked only when something is about to be refused. */
  readonly isManagerDeployed: (signal: AbortSignal) => Promise<boolean>
  /** Everything in other namespaces is admitted. Default: all are looked at. */
  readonly namespaces?: readonly string[]
}

/** Answers AdmissionReviews about GameServerSets and GameServers, by path. */
export function okgWebhooks({ reviewer, isManagerDeployed, namespaces }: OkgWebhooksOptions): ReadonlyMap<string, AdmissionHandler> {
  const handler =
    <T extends GameServerSet | GameServer>(
      type: ResourceType,
      review: (object: DeepReadonly<T>, old: DeepReadonly<T> | undefined, signal: AbortSignal) => Review | Promise<Review>,
    ): AdmissionHandler =>
    async (request, signal) => {
      const object = request.object as DeepReadonly<T> | null
      const old = (request.oldObject ?? undefined) as DeepReadonly<T> | undefined
      if (object === null || (namespaces !== undefined && !namespaces.includes(request.namespace ?? ''))) return { allowed: true }
      // A write that only lets a deletion finish must never fail.
      if (object.metadata.deletionTimestamp !== undefined) return { allowed: true }
      const { errors, warnings } = await review(object, old, signal)
      const refusal: AdmissionAnswer = { allowed: false, status: invalidStatus(type, object.metadata.name, errors), warnings }
      if (errors.length === 0) return { allowed: true, warnings }
      return (await isForeign(object, signal)) ? { allowed: true } : refusal
    }

  /** Sets that OpenKruiseGame runs are not Berth's to judge, nor are its servers. Without an answer nothing is refused. */
  const isForeign = async ({ metadata }: DeepReadonly<GameServerSet | GameServer>, signal: AbortSignal): Promise<boolean> => {
    const control = metadata.labels?.[controlLabel]
    if (control === controlChoices.handsOff) return true
    return control !== controlChoices.takeOver && (await isManagerDeployed(signal))
  }

  return new Map([
    [webhookPaths.gameServerSets, handler<GameServerSet>(gameServerSets, (set, old) => reviewer.reviewSet(set, old))],
    [webhookPaths.gameServers, handler<GameServer>(gameServers, (server, old, signal) => reviewer.reviewServer(server, old, signal))],
  ])
}
