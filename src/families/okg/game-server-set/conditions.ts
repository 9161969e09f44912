/** What stands in the way of a set, in conditions of its status, with the servers' names. */
import type { GameServerSetStatus } from '../../../apis/game.kruise.io/game-server-set.ts'
import { formatTime } from '../../../kube/clock.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Instant, Plan, Waiting, WaitingReason } from '../../../servers/model.ts'
import type { CreateTrouble } from './apply.ts'

export type SetCondition = NonNullable<GameServerSetStatus['conditions']>[number]

export interface Troubles {
  /** Problems of the spec itself, as `field: message`. */
  readonly invalid: readonly string[]
  /** Parts of the spec that are accepted and not acted upon. */
  readonly unsupported: readonly string[]
  readonly create: readonly CreateTrouble[]
  /** Servers without an address, with what the address engine says. */
  readonly addresses: readonly { readonly server: string; readonly reason: string; readonly message: string }[]
}

/** Reasons that end a rollout until somebody does something. */
const blocking: readonly WaitingReason[] = ['NeedsRecreation', 'Paused', 'OnDelete', 'Partition', 'TooManyFailures', 'Locked']

/** The conditions that hold now; transition times are kept from `stored` where the status is the same. */
export function conditionsOf(
  plan: Plan,
  troubles: Troubles,
  generation: number,
  stored: readonly DeepReadonly<SetCondition>[] | undefined,
  now: Instant,
): SetCondition[] {
  const conditions: Omit<SetCondition, 'lastTransitionTime' | 'observedGeneration'>[] = [progressing(plan)]
  const failing = plan.waiting.filter(({ reason }) => reason === 'Failing')
  if (failing.length > 0) {
    conditions.push({
      type: 'ServersFailing',
      status: 'True',
      reason: 'ServersDoNotComeUp',
      message: list(failing.map(({ servers, message }) => `${names(servers)}: ${message}`)),
    })
  }
  const recreate = plan.waiting.filter(({ reason }) => reason === 'NeedsRecreation')
  if (recreate.length > 0) {
    conditions.push({
      type: 'UpdateImpossible',
      status: 'True',
      reason: 'NeedsRecreation',
      message: list(recreate.map(({ servers, message }) => `${names(servers)}: ${message} (podUpdatePolicy InPlaceOnly)`)),
    })
  }
  for (const [type, found] of [
    ['ServersNotCreated', troubles.create],
    ['AddressesMissing', troubles.addresses],
  ] as const) {
    const first = found[0]
    if (first !== undefined) conditions.push({ type, status: 'True', reason: first.reason, message: grouped(found) })
  }
  if (troubles.invalid.length > 0)
    conditions.push({ type: 'SpecInvalid', status: 'True', reason: 'Invalid', message: list(troubles.invalid) })
  if (troubles.unsupported.length > 0) {
    conditions.push({
      type: 'SpecIgnored',
      status: 'True',
      reason: 'NotSupported',
      message: `not acted upon: ${troubles.unsupported.join(', ')}`,
    })
  }
  return conditions.map(condition => {
    const before = stored?.find(({ type }) => type === condition.type)
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined
    return { ...condition, observedGeneration: generation, lastTransitionTime: since ?? formatTime(now) }
  })
}

function progressing({ steps, waiting }: Plan): Omit<SetCondition, 'lastTransitionTime' | 'observedGeneration'> {
  const held = waiting.filter(({ reason }) => blocking.includes(reason))
  const moving = waiting.filter(({ reason }) => !blocking.includes(reason))
  const message = list([...new Set(waiting.map(describe))])
  if (steps.length > 0 || moving.length > 0)
    return { type: 'Progressing', status: 'True', reason: moving[0]?.reason ?? 'Changing', message }
  const [first] = held
  return first === undefined
    ? { type: 'Progressing', status: 'False', reason: 'Complete', message: '' }
    : { type: 'Progressing', status: 'False', reason: first.reason, message }
}

/** The details of what fails are in a condition of their own. */
function describe({ reason, servers, message }: Waiting): string {
  return `${names(servers)}: ${reason === 'Failing' ? 'failing' : message}`
}

/** server-2 before server-10. */
const byNumber = new Intl.Collator('en', { numeric: true })

/** By servers, not by the order in which their requests were answered: the same trouble has to read the same in every round. */
function grouped(troubles: readonly { readonly server: string; readonly message: string }[]): string {
  const byMessage = new Map<string, string[]>()
  const ordered = troubles.toSorted((a, b) => byNumber.compare(a.server, b.server))
  for (const { server, message } of ordered) byMessage.set(message, [...(byMessage.get(message) ?? []), server])
  return list([...byMessage].map(([message, servers]) => `${names(servers)}: ${message}`))
}

/** Up to five names; a thousand would help nobody. */
function names(servers: readonly string[]): string {
  return servers.length <= 5 ? servers.join(', ') : `${servers.slice(0, 5).join(', ')} and ${servers.length - 5} more`
}

function list(messages: readonly string[]): string {
  return messages.length <= 5 ? messages.join('; ') : `${messages.slice(0, 5).join('; ')}; and ${messages.length - 5} more`
}
