import { configmaps as configMapType, serviceaccounts as serviceAccountType } from '../../apis/core/resources.generated.ts'
import type { ConfigMap, Namespace, ServiceAccount } from '../../apis/core/types.generated.ts'
import { isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound } from '../../kube/api-error.ts'
import type { Client } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import { type Controller, createController } from '../../kube/controller.ts'
import type { Logger } from '../../kube/logger.ts'
import { keyOf, splitKey } from '../../kube/object.ts'
import type { Store } from '../../kube/store.ts'

export interface NamespaceDefaultsOptions {
  readonly client: Client
  readonly namespaces: Store<Namespace>
  readonly serviceAccounts: Store<ServiceAccount>
  readonly configMaps: Store<ConfigMap>
  /** PEM of the authority that signed the API server's certificate. Without it no `kube-root-ca.crt` is written. */
  readonly rootCA?: string
  readonly clock?: Clock
  readonly logger?: Logger
}

const accountName = 'default'
/** What pods' service account volumes project; the name is Kubernetes' own. */
export const rootCAConfigMap = 'kube-root-ca.crt'

/** Gives every namespace its `default` ServiceAccount and the ConfigMap with the cluster's root certificate, also after they were deleted. */
export function createNamespaceDefaults(options: NamespaceDefaultsOptions): Controller {
  const { client, namespaces, serviceAccounts, configMaps, rootCA } = options

  const ensureAccount = async (namespace: string): Promise<void> => {
    if (serviceAccounts.get(`${namespace}/${accountName}`) !== undefined) return
    await client.create(serviceAccountType, { metadata: { name: accountName, namespace } })
  }

  const ensureRootCA = async (namespace: string): Promise<void> => {
    if (rootCA === undefined) return
    const data = { 'ca.crt': rootCA }
    const existing = configMaps.get(`${namespace}/${rootCAConfigMap}`)
    if (existing?.data?.['ca.crt'] === rootCA) return
    const annotations = {
      'kubernetes.io/description': 'Contains the certificate authority of the API server, for clients inside the cluster.',
    }
    if (existing === undefined) await client.create(configMapType, { metadata: { name: rootCAConfigMap, namespace, annotations }, data })
    else await client.patch(configMapType, { name: rootCAConfigMap, namespace }, { data }, { type: 'merge' })
  }

  const reconcile = async (key: string): Promise<'done'> => {
    const namespace = namespaces.get(key)
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined || namespace.status?.phase === 'Terminating')
      return 'done'
    for (const ensure of [ensureAccount, ensureRootCA]) {
      await ensure(key).catch((error: unknown) => {
        // The store lags, or the namespace goes away; a deletion of the object brings the key back.
        if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error) && !isConflict(error)) throw error
      })
    }
    return 'done'
  }

  const controller = createController({
    name: 'namespace-defaults',
    reconcile,
    workers: 4,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
  })
  controller.watch(namespaces)
  const namespaceOf = (object: { readonly metadata: { readonly name: string; readonly namespace?: string } }, name: string): string[] =>
    object.metadata.name === name ? [splitKey(keyOf(object)).namespace ?? ''] : []
  controller.watch(serviceAccounts, { keysOf: account => namespaceOf(account, accountName) })
  controller.watch(configMaps, { keysOf: map => namespaceOf(map, rootCAConfigMap) })
  return controller
}
