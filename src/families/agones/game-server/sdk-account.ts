import { rolebindings, serviceaccounts } from '../../../apis/core/resources.generated.ts'
import { isAlreadyExists, isForbidden, isNamespaceTerminating } from '../../../kube/api-error.ts'
import type { AgonesContext } from '../context.ts'
import { sdkServiceAccount } from './new-pod.ts'

/** Names that users who set a namespace up by hand know. Contract: Agones. */
const binding = 'agones-sdk-access'
const clusterRole = 'agones-sdk'
const rbac = 'rbac.authorization.k8s.io'

/**
 * Sees to it that sidecars in a namespace have an account that may write GameServers there, once for each. Where this is not allowed somebody
 * has to do it by hand, and pods are refused until then.
 */
export class SdkAccounts {
  readonly #context: Pick<AgonesContext, 'client' | 'logger'>
  readonly #done = new Map<string, Promise<void>>()

  constructor(context: Pick<AgonesContext, 'client' | 'logger'>) {
    this.#context = context
  }

  ensure(namespace: string, signal: AbortSignal): Promise<void> {
    let done = this.#done.get(namespace)
    if (done === undefined) {
      done = this.#make(namespace, signal)
      this.#done.set(namespace, done)
      done.catch(() => this.#done.delete(namespace))
    }
    return done
  }

  async #make(namespace: string, signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#context
    try {
      await client.create(serviceaccounts, { metadata: { namespace, name: sdkServiceAccount } }, { signal }).catch(unlessThere)
      const roleBinding = {
        metadata: { namespace, name: binding },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: clusterRole },
        subjects: [{ kind: 'ServiceAccount', name: sdkServiceAccount, namespace }],
      }
      await client.create(rolebindings, roleBinding, { signal }).catch(unlessThere)
    } catch (error) {
      if (isNamespaceTerminating(error) || !isForbidden(error)) throw error
      logger.warn('the account of sidecars has to be made by hand', { namespace, account: sdkServiceAccount, error })
    }
  }
}

function unlessThere(error: unknown): void {
  if (!isAlreadyExists(error)) throw error
}
