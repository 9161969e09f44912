import type { ClaimStatus } from './model.ts'

/** A refusal of the cloud is reported when it lasts longer than this: ports of a server that goes are free a moment later. */
const cloudTroubleMs = 1000
/** A claim that waits for others is reported when it lasts longer than this. */
const waitingMs = 5000

/** How long an address may be missing before anybody hears of it, in milliseconds. */
export function troubleHold({ state, reason }: ClaimStatus): number {
  if (reason === 'LoadBalancerFailed') return cloudTroubleMs
  return state === 'Pending' || state === 'Waiting' ? waitingMs : 0
}
