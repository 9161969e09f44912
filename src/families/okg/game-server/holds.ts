/**
 * How long news is held back, in milliseconds, in the hope that better news comes with the same write. An API write is the scarce resource, and
 * nobody needs to see a state that lasts a blink.
 */
export const holds = {
  /** The readiness gate stays shut for this long so that the address can go out with it. */
  gateForAddress: 250,
  /** An address that is known waits this long for the server to become ready. */
  addressForGate: 250,
  /** `Creating`, and addresses on their way, are written when they last longer than this after the pod's creation. */
  creating: 2000,
  /** `Ready` waits this long for kubelet to say so too, since Services send nobody there before; then it is said for it. */
  kubelet: 3000,
  /** `Updating`, `NotReady` and other states that pass. */
  passing: 600,
  /**
   * A GameServer is made when its pod has a node, so that one write says both; when there is no node for it; or after this time, unless the
   * scheduler is late because many servers come up: see {@link PassingNews}.
   */
  nodeForServer: 5000,
} as const
