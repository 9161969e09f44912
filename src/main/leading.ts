import type { Client } from '../kube/client.ts'
import { type LeaderElectionOptions, LeaderElector, LeadershipLostError, type Silence } from '../kube/leader-election.ts'
import type { Transport } from '../kube/transport.ts'
import type { WriteFence } from '../kube/write-fence.ts'

/** How long the server has to answer a request that needs nothing but a connection. */
const probeMs = 1000

/**
 * Works whenever this process leads, term after term, until the signal is aborted. Who loses the lease stands for election again instead of ending:
 * an outage of the API server that is longer than the lease would otherwise count as a crash of every replica, and the kubelet makes
 * those who crash often wait for minutes.
 */
export async function leadAgainAndAgain(
  options: Omit<LeaderElectionOptions, 'onSilence'> & { readonly transport: Transport },
  lead: (signal: AbortSignal, fence: WriteFence) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { transport, ...election } = options
  let probing = false
  const onSilence = (what: Silence): void => {
    // The work of the term is over, or there is none: nothing is lost by connecting anew.
    if (what !== 'unanswered') return transport.reset?.()
    if (probing) return
    probing = true
    void resetIfDead(options.client, transport).finally(() => (probing = false))
  }
  const elector = new LeaderElector({ ...election, onSilence })
  while (!signal.aborted) {
    try {
      await elector.run(lead, signal)
    } catch (error) {
      if (!(error instanceof LeadershipLostError)) throw error
    }
  }
}

/**
 * A renewal without an answer may mean a server that is busy, or connections that died without a word: a node that lost its network, a load
 * balancer that forgot us. Watches on those would stay silent for minutes, so they are dropped when `/version` is not answered either.
 */
async function resetIfDead(client: Client, transport: Transport): Promise<void> {
  const late = AbortSignal.timeout(probeMs)
  await client.raw('/version', { signal: late }).catch(() => {
    if (late.aborted) transport.reset?.()
  })
}
