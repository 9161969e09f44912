import { join } from 'node:path'
import { isNotFound } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import { persistentvolumeclaims } from '../../../apis/core/resources.generated.ts'

/** Finds the local folder of a claim that is Bound. It lives as long as the cluster's state folder, whichever pods come and go. */
export function claimFolders(client: Client, stateDir: string): (namespace: string, claim: string) => Promise<string | undefined> {
  return async (namespace, claim) => {
    try {
      const found = await client.get(persistentvolumeclaims, { namespace, name: claim })
      if (found.status?.phase !== 'Bound') return undefined
      return join(stateDir, 'claims', `${namespace}_${claim}_${found.metadata.uid}`)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
}
