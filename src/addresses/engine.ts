import type { HostPorts } from './host-ports.ts'
import type { Claim, ClaimStatus, Parameter, ParameterProblem } from './model.ts'

/** Host ports to add to a pod before it is created, by container. Writing the pod *is* the reservation. */
export interface PodPorts {
  readonly container: string
  readonly ports: readonly { containerPort: number; hostPort: number; protocol: 'TCP' | 'UDP' }[]
}

export type PodPreparation =
  | { readonly ok: true; readonly ports: readonly PodPorts[] }
  | { readonly ok: false; readonly reason: string; readonly message: string }

/**
 * Gives every server its address. Made by `createAddressEngine` (address-engine.ts), published by `publish.ts`.
 * Level-triggered: `reconcile` may be called at any time, any number of times; it looks at the claim and at the objects that hold
 * allocations, does at most one write, and tells where the claim stands. The engine watches what it depends on (Services, Nodes, Pods)
 * and calls the subscribers back with the claim's key.
 */
export interface AddressEngine extends AsyncDisposable {
  /** Ports of nodes, for families whose servers ask for them by themselves. */
  readonly hostPorts: HostPorts
  /** Names of the known providers, for messages. */
  readonly providers: readonly string[]
  /** Pure. Unknown provider, unknown or malformed parameters; names the nearest valid one. */
  validate(provider: string, parameters: readonly Parameter[]): readonly ParameterProblem[]
  /** Starts the watches and rebuilds the ledger from the objects that exist. Resolves when both are done. */
  start(signal: AbortSignal): Promise<void>
  /** Before a pod is created: allocates host ports for it (providers that need none answer with an empty list). */
  prepare(claim: Claim): PodPreparation
  /** Forgets what `prepare` gave when the pod was not created after all. */
  unprepare(claimKey: string): void
  /**
   * Resolves after the write, if one was needed. So a family that is about to take readiness away for an in-place change calls it with
   * `changing` first: afterwards traffic is kept where the claim's parameters ask for it. Rejects when the API cannot be reached.
   */
  reconcile(claim: Claim, signal: AbortSignal): Promise<ClaimStatus>
  /**
   * The server is gone for good (scaled away, set deleted): forgets what only memory holds. A Service goes with its owner: the pod, or,
   * for a `Fixed` one, the set; so the address of a slot outlives scaling in. Forgetting a claim twice, or one never seen, is fine.
   */
  release(claimKey: string, signal: AbortSignal): Promise<void>
  /**
   * Called with claim keys whose status may have changed, also when room appears for a claim without capacity. Keys are those of Services
   * too, so listeners ignore keys they do not know. Listeners must not throw and should only note the key.
   */
  subscribe(listener: (claimKey: string) => void): Disposable
}
