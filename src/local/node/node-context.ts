import type { Client } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import type { Logger } from '../../kube/logger.ts'
import type { ConfigSource } from './env/container-env.ts'
import type { NodeCapacity } from './env/resource-field.ts'
import type { BackOffPolicy } from './pods/back-off.ts'
import type { PodObject } from './pods/container-state.ts'
import type { ContainerRuntime, ImageCatalogue } from './runtime/runtime.ts'
import type { ServiceAccountTokens } from './service-account-tokens.ts'

/** Where a node tells people what happens to a pod. Must not throw or wait. */
export interface PodEvents {
  record(pod: PodObject, type: 'Normal' | 'Warning', reason: string, message: string): void
}

/** What the workers of a node share. */
export interface NodeContext {
  readonly client: Client
  readonly clock: Clock
  readonly logger: Logger
  readonly runtime: ContainerRuntime
  readonly images: ImageCatalogue
  readonly config: ConfigSource
  readonly tokens: ServiceAccountTokens
  readonly events: PodEvents
  readonly nodeIP: string
  readonly capacity: NodeCapacity
  /** Folder for pods' volumes and logs. */
  readonly stateDir: string
  readonly apiServer: { readonly url: string; readonly ca: string }
  readonly backOff: BackOffPolicy
  /** The folder of a bound PersistentVolumeClaim; undefined while it is not bound. */
  claimFolder(namespace: string, claim: string): Promise<string | undefined>
  /** How long processes get after the stop signal when the node itself ends. */
  readonly shutdownGraceMs: number
}
