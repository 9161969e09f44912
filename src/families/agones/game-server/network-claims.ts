/** Networks of servers: what the address engine is asked for, and what it says. */
import { backendOf } from '../../../addresses/backend.ts'
import { standing } from '../../../addresses/claim-state.ts'
import type { AddressEngine, PodPreparation } from '../../../addresses/engine.ts'
import type { Claim, ClaimStatus, Endpoint } from '../../../addresses/model.ts'
import { troubleHold } from '../../../addresses/trouble-hold.ts'
import { type GameServer, gameServers } from '../../../apis/agones.dev/game-server.ts'
import { labels } from '../../../apis/agones.dev/labels.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { EventRecorder } from '../../../kube/event-recorder.ts'
import type { DeepReadonly, ObjectKey } from '../../../kube/object.ts'
import { apiVersionOf } from '../../../kube/resource.ts'
import { fieldErrorText } from '../../../schema/status.ts'
import type { Instant } from '../../../servers/model.ts'
import { isDevelopment } from './facts.ts'
import { updateOf } from './in-place.ts'
import { active, beforeReady } from './life.ts'
import { type Network, networkOf } from './network.ts'

/** A Ready server that is reached no more is offered to nobody after this time: clouds rewrite what they have delivered. */
const cutOffAfterMs = 5000

const living: readonly string[] = [...beforeReady, ...active]

/** How a server stands with its network. */
export interface NetworkView {
  /** The server is not Ready before players get to it. */
  readonly waits: boolean
  /** Players get to it, by these. */
  readonly isBound: boolean
  readonly endpoints: readonly Endpoint[]
  /** They have not for some time. */
  readonly isCutOff: boolean
}

/** What is remembered of one server. A restart only means that it is waited and told once more. */
interface Memo {
  readonly uid: string
  unboundSince?: Instant
  told?: string
}

export interface NetworkClaimsOptions {
  readonly addresses: Pick<AddressEngine, 'reconcile' | 'prepare' | 'unprepare' | 'release'>
  readonly clock: Clock
  readonly recorder: Pick<EventRecorder, 'event'>
}

export class NetworkClaims {
  readonly #options: NetworkClaimsOptions
  readonly #memos = new Map<ObjectKey, Memo>()

  constructor(options: NetworkClaimsOptions) {
    this.#options = options
  }

  /** Brings the network closer to what is asked for, by one write at most, and says how it stands. Undefined: the server has none. */
  async look(
    key: ObjectKey,
    server: DeepReadonly<GameServer>,
    pod: DeepReadonly<Pod> | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly view: NetworkView; readonly waitMs: number | undefined } | undefined> {
    const read = networkOf(server.metadata.annotations)
    if (read === undefined || isDevelopment(server)) return undefined
    const waits = read.network?.readyWhen !== 'Requested'
    const unserved = { view: { waits, isBound: false, endpoints: [], isCutOff: false }, waitMs: undefined }
    const lives = living.includes(server.status?.state ?? '') && server.metadata.deletionTimestamp === undefined
    if (!lives || pod === undefined || pod.metadata.deletionTimestamp !== undefined) return unserved
    let memo = this.#memos.get(key)
    if (memo?.uid !== server.metadata.uid) this.#memos.set(key, (memo = { uid: server.metadata.uid }))
    const status =
      read.network === undefined
        ? standing('InvalidParameters', read.errors.map(fieldErrorText).join('; '))
        : await this.#options.addresses.reconcile(claimOf(key, server, read.network, pod), signal)
    if (status.state === 'Bound') {
      delete memo.unboundSince
      delete memo.told
      return { view: { waits, isBound: true, endpoints: status.endpoints, isCutOff: false }, waitMs: undefined }
    }
    const now = this.#options.clock.now()
    memo.unboundSince ??= now
    const lasts = now - memo.unboundSince
    const ahead = [troubleHold(status), cutOffAfterMs].filter(ms => ms > lasts)
    if (lasts >= troubleHold(status)) this.#tell(server, memo, status)
    return {
      view: { waits, isBound: false, endpoints: [], isCutOff: waits && lasts >= cutOffAfterMs },
      waitMs: ahead.length === 0 ? undefined : Math.min(...ahead) - lasts,
    }
  }

  /** Host ports for the pod of a server, which is to be made now; undefined when there are none, which is told. */
  prepare(key: ObjectKey, server: DeepReadonly<GameServer>): Extract<PodPreparation, { ok: true }> | undefined {
    const network = networkOf(server.metadata.annotations)?.network
    if (network === undefined) return { ok: true, ports: [] }
    const prepared = this.#options.addresses.prepare(claimOf(key, server, network, undefined))
    if (prepared.ok) return prepared
    let memo = this.#memos.get(key)
    if (memo?.uid !== server.metadata.uid) this.#memos.set(key, (memo = { uid: server.metadata.uid }))
    this.#tell(server, memo, prepared)
    return undefined
  }

  /** The pod was not made after all. */
  unprepare(key: ObjectKey): void {
    this.#options.addresses.unprepare(key)
  }

  /** The server is gone. */
  async forget(key: ObjectKey, signal: AbortSignal): Promise<void> {
    if (this.#memos.delete(key)) await this.#options.addresses.release(key, signal)
  }

  #tell(server: DeepReadonly<GameServer>, memo: Memo, { reason, message }: Pick<ClaimStatus, 'reason' | 'message'>): void {
    if (memo.told === message) return
    memo.told = message
    this.#options.recorder.event(server, 'Warning', reason, message)
  }
}

/**
 * What the server asks of the engine. A name never comes again, so a `Fixed` address has nothing to outlive: it is the server's own, and goes
 * with it.
 */
function claimOf(key: ObjectKey, server: DeepReadonly<GameServer>, network: Network, pod: DeepReadonly<Pod> | undefined): Claim {
  const { name, uid } = server.metadata
  const update = updateOf(server, pod)
  return {
    key,
    provider: network.type,
    parameters: network.parameters,
    set: { apiVersion: apiVersionOf(gameServers), kind: gameServers.kind, name, uid },
    selector: { [labels.gameServer]: name },
    backend: pod === undefined ? undefined : backendOf(pod),
    disabled: false,
    changing: update === undefined || update.isDone ? [] : update.containers,
  }
}
