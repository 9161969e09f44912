import type { AdvancedStatefulSet } from '../../../apis/apps.kruise.io/advanced-stateful-set.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import type { Cache } from '../../../kube/cache.ts'
import type { Client } from '../../../kube/client.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { Logger } from '../../../kube/logger.ts'
import { type MetricsSink, noopMetrics } from '../../../kube/metrics.ts'
import { type DeepReadonly, keyOf, type ObjectKey, splitKey } from '../../../kube/object.ts'
import { ownAnnotations } from '../names.ts'
import { type Control, controlLabel, decideControl, type LeftAloneReason } from './decide.ts'
import { KruiseWorkloads } from './kruise-workloads.ts'
import { ManagerPresence } from './manager-presence.ts'

export interface SetControlOptions {
  readonly client: Client
  readonly cache: Cache
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics?: MetricsSink
  /** Run every set that is not labelled otherwise, also those that OpenKruiseGame runs or could run. */
  readonly takeOver: boolean
  /** Whether objects that only Berth makes for a set are there. */
  readonly hasOwnParts: (set: DeepReadonly<GameServerSet>) => boolean
  /** The answer for this set, or for all, may be another now. */
  readonly changed: (set?: ObjectKey) => void
}

const reasons: readonly LeftAloneReason[] = ['AskedTo', 'RunByKruise', 'ManagerAlive', 'CannotTakeOver', 'NotKnown']

/**
 * Answers for every set whether this controller may write anything of it. OpenKruiseGame serves the same kinds; where it or OpenKruise is at
 * work, Berth stays away unless it is asked to take over. Says so in the log and counts, never on the object.
 */
export class SetControl implements AsyncDisposable {
  readonly #options: SetControlOptions
  readonly #manager: ManagerPresence
  readonly #workloads: KruiseWorkloads
  readonly #said = new Map<ObjectKey, string>()
  readonly #left = new Map<ObjectKey, LeftAloneReason>()

  constructor(options: SetControlOptions) {
    const { client, cache, clock, logger, changed } = options
    this.#options = options
    this.#manager = new ManagerPresence({
      cache,
      clock,
      changed: () => {
        if (this.#manager.state === 'alive') logger.info("OpenKruiseGame's manager is there: its GameServerSets are left alone")
        changed()
      },
    })
    this.#workloads = new KruiseWorkloads({ client, cache, clock, logger, changed })
  }

  /** Until it is started, nothing is known. */
  start(): void {
    this.#manager.start()
    this.#workloads.start()
  }

  of(set: DeepReadonly<GameServerSet>): Control {
    return decideControl({
      label: set.metadata.labels?.[controlLabel],
      takeOver: this.#options.takeOver,
      manager: this.#manager.state,
      workload: this.#workloads.stateOf(set),
      hasOwnParts: this.#options.hasOwnParts(set),
      isTakingOver: set.metadata.annotations?.[ownAnnotations.takingOver] !== undefined,
    })
  }

  workloadOf(set: DeepReadonly<GameServerSet>): DeepReadonly<AdvancedStatefulSet> | undefined {
    return this.#workloads.of(set)
  }

  /** {@link of}, with the log and the metric brought up to date. `isNews` when it is not what was said of the set before. */
  decide(set: DeepReadonly<GameServerSet>): { readonly control: Control; readonly isNews: boolean } {
    const control = this.of(set)
    return { control, isNews: this.#say(keyOf(set), control) }
  }

  /** A take-over that would not be safe: the set stays with OpenKruise. */
  refused(set: DeepReadonly<GameServerSet>, problems: readonly string[]): void {
    this.#say(keyOf(set), { mode: 'leave', reason: 'CannotTakeOver', message: `it cannot be taken over: ${problems.join('; ')}` })
  }

  /** The set is gone. */
  forget(key: ObjectKey): void {
    this.#said.delete(key)
    if (this.#left.delete(key)) this.#count()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#manager[Symbol.dispose]()
    await this.#workloads[Symbol.asyncDispose]()
  }

  #say(key: ObjectKey, control: Control): boolean {
    const { logger } = this.#options
    const before = this.#said.get(key)
    const text = control.mode === 'leave' ? `${control.reason}: ${control.message}` : control.mode
    // Being about to take over says nothing new after a refusal.
    if (before === text || (control.mode === 'take-over' && before?.startsWith('CannotTakeOver') === true)) return false
    this.#said.set(key, text)
    const fields = splitKey(key)
    if (control.mode === 'leave') {
      this.#left.set(key, control.reason)
      // At start nothing is known for a moment.
      logger[control.reason === 'NotKnown' ? 'debug' : 'info'](`GameServerSet left alone: ${control.message}`, {
        ...fields,
        reason: control.reason,
      })
    } else {
      this.#left.delete(key)
      if (control.mode === 'take-over') logger.info('GameServerSet is being taken over from OpenKruise', fields)
      else if (before !== undefined && !before.startsWith('NotKnown')) logger.info('GameServerSet is run from now on', fields)
    }
    this.#count()
    return true
  }

  #count(): void {
    const counts = new Map<LeftAloneReason, number>(reasons.map(reason => [reason, 0]))
    for (const reason of this.#left.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    const { metrics = noopMetrics } = this.#options
    for (const [reason, count] of counts) metrics.set('berth_gameserversets_left_alone', { reason }, count)
  }
}
