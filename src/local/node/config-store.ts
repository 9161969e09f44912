import { isNotFound } from '../../kube/api-error.ts'
import type { Cache } from '../../kube/cache.ts'
import type { Client } from '../../kube/client.ts'
import type { DeepReadonly, KubeObject } from '../../kube/object.ts'
import type { ResourceType } from '../../kube/resource.ts'
import type { Store } from '../../kube/store.ts'
import { configmaps, secrets } from '../../apis/core/resources.generated.ts'
import type { ConfigMap, Secret } from '../../apis/core/types.generated.ts'
import type { ConfigSource } from './env/container-env.ts'

/** ConfigMaps and Secrets for the pods of a node: from the watch, so that mounted ones can follow changes. */
export class ConfigStore implements ConfigSource, Disposable {
  readonly #client: Client
  readonly #configMaps: Store<ConfigMap>
  readonly #secrets: Store<Secret>
  readonly #subscriptions: readonly Disposable[]

  /** `onChange` hears the namespace of every change that may concern a pod. */
  constructor(client: Client, cache: Cache, onChange: (namespace: string) => void) {
    this.#client = client
    this.#configMaps = cache.store(configmaps)
    this.#secrets = cache.store(secrets)
    const changed = (object: DeepReadonly<KubeObject>): void => onChange(object.metadata.namespace ?? '')
    const handlers = { added: changed, updated: changed, deleted: changed }
    this.#subscriptions = [this.#configMaps.subscribe(handlers), this.#secrets.subscribe(handlers)]
  }

  configMap(namespace: string, name: string): Promise<DeepReadonly<ConfigMap> | undefined> {
    return this.#find(configmaps, this.#configMaps, namespace, name)
  }

  secret(namespace: string, name: string): Promise<DeepReadonly<Secret> | undefined> {
    return this.#find(secrets, this.#secrets, namespace, name)
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]()
  }

  async #find<T extends KubeObject>(
    type: ResourceType<T>,
    store: Store<T>,
    namespace: string,
    name: string,
  ): Promise<DeepReadonly<T> | undefined> {
    const found = store.get(`${namespace}/${name}`)
    if (found !== undefined) return found
    // Watches of different kinds run apart: an object that was made just before its pod may not have arrived yet.
    try {
      return await this.#client.get(type, { namespace, name })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
}
