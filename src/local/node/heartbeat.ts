import { isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import { formatMicroTime, type Clock } from '../../kube/clock.ts'
import type { Logger } from '../../kube/logger.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { leases } from '../../apis/core/resources.generated.ts'
import type { Node } from '../../apis/core/types.generated.ts'
import { messageOf } from './node-error.ts'

const namespace = 'kube-node-lease'
/** As kubelet: a lease of 40 s, renewed every 10 s. The node's status is not written again. */
const leaseSeconds = 40
const renewMs = 10_000

/** Keeps the node's Lease fresh until `signal` is aborted. Never rejects. */
export async function keepAlive(
  client: Client,
  node: DeepReadonly<Node>,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { name, uid } = node.metadata
  const renew = async (): Promise<void> => {
    const renewTime = formatMicroTime(clock.now())
    try {
      await client.patch(leases, { namespace, name }, { spec: { renewTime } }, { type: 'merge', signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
      const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid }]
      await client.create(
        leases,
        { metadata: { namespace, name, ownerReferences }, spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime } },
        { signal },
      )
    }
  }
  while (!signal.aborted) {
    await renew().catch((error: unknown) => {
      if (!signal.aborted) logger.warn('node lease was not renewed', { node: name, error: messageOf(error) })
    })
    await clock.sleep(renewMs, signal).catch(() => {})
  }
}
