/** One GameServer as the servers engine sees it. */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { GameServerState } from '../../../apis/agones.dev/states.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Instant, Lock, Member, Stage } from '../../../servers/model.ts'
import { isInUse } from '../game-server/life.ts'
import type { InPlacePolicy } from '../update-policy.ts'

/** A server whose pod was refused stays for so long, so that people can see why. */
export const errorStaysMs = 30_000

const stages: Readonly<Record<GameServerState, Stage>> = {
  PortAllocation: 'Pending',
  Creating: 'Pending',
  Starting: 'Starting',
  Scheduled: 'Starting',
  RequestReady: 'Starting',
  Ready: 'Ready',
  Reserved: 'Ready',
  Allocated: 'Ready',
  Unhealthy: 'Broken',
  Error: 'Broken',
  Shutdown: 'Leaving',
}

/** On its way out: deleted, or told to be. */
export function isLeaving({ metadata, status }: DeepReadonly<GameServer>): boolean {
  return metadata.deletionTimestamp !== undefined || status?.state === 'Shutdown'
}

/** `rank` is what the order of scale-down sorts by. */
export function memberOf(
  server: DeepReadonly<GameServer>,
  isDeleting: boolean,
  revision: string,
  policy: InPlacePolicy | undefined,
  rank: Readonly<Record<string, number>>,
  now: Instant,
): Member {
  const { name, uid } = server.metadata
  return {
    key: name,
    uid,
    revision,
    stage: isDeleting ? 'Leaving' : stageOf(server, now),
    locks: isInUse(server) ? locksOf(server, policy?.sidecarsInUse === true) : [],
    rank,
    images: new Map(),
    held: { delete: false, change: false },
  }
}

/** When the server of this set that stays longest because of an error is due; undefined: none. */
export function nextErrorEnd(servers: readonly DeepReadonly<GameServer>[], now: Instant): Instant | undefined {
  const ends = servers.filter(({ status }) => status?.state === 'Error').map(server => erroredAt(server) + errorStaysMs)
  const ahead = ends.filter(end => end > now)
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}

function stageOf(server: DeepReadonly<GameServer>, now: Instant): Stage {
  if (isLeaving(server)) return 'Leaving'
  const state = server.status?.state ?? 'Creating'
  return state === 'Error' && now < erroredAt(server) + errorStaysMs ? 'Pending' : stages[state]
}

function erroredAt({ metadata }: DeepReadonly<GameServer>): Instant {
  const at = Date.parse(metadata.annotations?.[annotations.erroredAt] ?? '')
  return Number.isNaN(at) ? 0 : at
}

/** Nothing is done to who plays; where the Fleet allows it, containers beside the game may change. */
function locksOf({ spec, status }: DeepReadonly<GameServer>, maySidecarsChange: boolean): Lock[] {
  const holder = status?.state ?? ''
  return [
    { holder, forbids: ['delete', 'recreate'] },
    { holder, forbids: ['restart'], ...(maySidecarsChange && spec.container !== undefined && { containers: [spec.container] }) },
  ]
}
