import { type LeaderElectionOptions, LeaderElector, LeadershipLostError } from '../kube/leader-election.ts'
import type { WriteFence } from '../kube/write-fence.ts'

/**
 * Works whenever this process leads, term after term, until the signal is aborted. Who loses the lease stands for election again instead of ending:
 * an outage of the API server that is longer than the lease would otherwise count as a crash of every replica, and the kubelet makes
 * those who crash often wait for minutes.
 */
export async function leadAgainAndAgain(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal, fence: WriteFence) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const elector = new LeaderElector(options)
  while (!signal.aborted) {
    try {
      await elector.run(lead, signal)
    } catch (error) {
      if (!(error instanceof LeadershipLostError)) throw error
    }
  }
}
