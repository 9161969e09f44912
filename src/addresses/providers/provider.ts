import type { PodPreparation } from '../engine.ts'
import type { Claim, ClaimStatus } from '../model.ts'

/** One way to give a server an address. Idempotent and level-triggered; see {@link import('../engine.ts').AddressEngine}. */
export interface AddressProvider {
  readonly name: string
  /** Host ports for a pod that is about to be created; providers without it need none. */
  prepare?(claim: Claim): PodPreparation
  /** At most one write. */
  reconcile(claim: Claim, signal: AbortSignal): Promise<ClaimStatus>
}
