/** Who runs a GameServerSet: this controller, or OpenKruiseGame with OpenKruise, which serve the same kind. */

/** Label on a GameServerSet by which its owner says who shall run it. */
export const controlLabel = 'berth.dev/control'

/** Its values: `take-over` is the switch for a migration; `hands-off` keeps Berth away for good. */
export const controlChoices = { takeOver: 'take-over', handsOff: 'hands-off' } as const

/** What is known of OpenKruiseGame's manager: whether it is meant to run. */
export type ManagerState = 'alive' | 'absent' | 'unknown'

/** What is known of an OpenKruise workload that runs the set's pods. */
export type WorkloadState = 'present' | 'absent' | 'unknown'

export interface ControlFacts {
  /** Value of {@link controlLabel} on the set. */
  readonly label: string | undefined
  /** Whether sets without the label count as labelled `take-over`. */
  readonly takeOver: boolean
  readonly manager: ManagerState
  readonly workload: WorkloadState
  /** Whether objects that only Berth makes for a set are there: it ran the set before. */
  readonly hasOwnParts: boolean
  /** Whether a take-over was begun and is not finished. */
  readonly isTakingOver: boolean
}

/** Why a set is left alone; part of metrics and of `berth doctor`. */
export type LeftAloneReason = 'AskedTo' | 'RunByKruise' | 'ManagerAlive' | 'CannotTakeOver' | 'NotKnown'

export type Control =
  | { readonly mode: 'run' }
  /** Run by OpenKruise as yet, and to be taken over now. */
  | { readonly mode: 'take-over' }
  /** Nothing of the set is written, not even an event: that would be a touch. */
  | { readonly mode: 'leave'; readonly reason: LeftAloneReason; readonly message: string }

const run: Control = { mode: 'run' }
const leave = (reason: LeftAloneReason, message: string): Control => ({ mode: 'leave', reason, message })

/**
 * | workload of OpenKruise | take-over asked for | manager of OpenKruiseGame | |
 * |---|---|---|---|
 * | present | no | any | leave |
 * | present | yes | alive | leave: it would make the workload anew |
 * | present | yes | absent | take over |
 * | absent | yes | any | run |
 * | absent | no | alive | leave, unless Berth runs the set already |
 * | absent | no | absent | run |
 *
 * What is not known counts as somebody else's, except for sets that Berth runs already. `hands-off` wins over everything.
 */
export function decideControl({ label, takeOver, manager, workload, hasOwnParts, isTakingOver }: ControlFacts): Control {
  if (label === controlChoices.handsOff) return leave('AskedTo', `its label ${controlLabel} asks for it`)
  const wanted = takeOver || label === controlChoices.takeOver
  if (workload === 'present') {
    if (!wanted) return leave('RunByKruise', 'an OpenKruise StatefulSet runs its pods')
    if (manager === 'alive') {
      return leave('ManagerAlive', "it cannot be taken over while OpenKruiseGame's manager is there, which would make its workload anew")
    }
    if (manager === 'unknown') return leave('NotKnown', "whether OpenKruiseGame's manager is there cannot be read")
    return { mode: 'take-over' }
  }
  if (isTakingOver) return { mode: 'take-over' }
  if (hasOwnParts) return run
  if (workload === 'unknown') return leave('NotKnown', 'whether OpenKruise runs its pods cannot be read')
  if (wanted) return run
  if (manager === 'alive') return leave('ManagerAlive', "OpenKruiseGame's manager is there, which runs every GameServerSet")
  if (manager === 'unknown') return leave('NotKnown', "whether OpenKruiseGame's manager is there cannot be read")
  return run
}
