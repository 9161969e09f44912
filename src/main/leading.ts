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
  const connections = new Connections(options.client, transport)
  const onSilence = (what: Silence): void => connections.heard(what)
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
 * balancer that forgot us. Watches on those would stay silent for minutes, so all are dropped: at once when the term is lost, since its work
 * is over, or when `/version` is not answered either. And once more when the silence is over, for those that were made during it.
 */
class Connections {
  readonly #client: Client
  readonly #transport: Transport
  #probing = false
  #dropped = false

  constructor(client: Client, transport: Transport) {
    this.#client = client
    this.#transport = transport
  }

  heard(what: Silence): void {
    if (what === 'unanswered') {
      if (!this.#probing) void this.#probe()
    } else if (what !== 'over') this.#drop()
    else if (this.#dropped) {
      this.#drop()
      this.#dropped = false
    }
  }

  async #probe(): Promise<void> {
    this.#probing = true
    const late = AbortSignal.timeout(probeMs)
    await this.#client.raw('/version', { signal: late }).catch(() => {
      if (late.aborted) this.#drop()
    })
    this.#probing = false
  }

  #drop(): void {
    this.#dropped = true
    this.#transport.reset?.()
  }
}
