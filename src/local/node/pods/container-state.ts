import type { DeepReadonly } from '../../../kube/object.ts'
import type { Container, Pod } from '../../../apis/core/types.generated.ts'

export type PodObject = DeepReadonly<Pod>
export type ContainerDefinition = DeepReadonly<Container>

/** `init` runs to its end before the next, `sidecar` is an init container with restartPolicy Always, `main` is the rest. */
export type ContainerRole = 'init' | 'sidecar' | 'main'

/** How one run of a container ended. Times in milliseconds. */
export interface Exit {
  readonly containerID: string
  readonly exitCode: number
  readonly signal?: number
  /** `Completed`, `Error`, `StartError` or `Unknown` (ended while nobody watched). */
  readonly reason: string
  readonly message?: string
  readonly startedAt: number
  readonly finishedAt: number
}

export interface RunningContainer {
  readonly at: 'running'
  readonly containerID: string
  readonly hash: string
  readonly startedAt: number
  /** The postStart hook is over and the startup probe, if any, has succeeded. */
  readonly started: boolean
  /** `started`, and the readiness probe, if any, succeeds. */
  readonly ready: boolean
  /** The probe that demands a restart. */
  readonly failed?: 'liveness' | 'startup'
}

export interface ExitedContainer {
  readonly at: 'exited'
  readonly hash: string
  readonly exit: Exit
}

/** What the node knows of one container of a pod. Status and decisions are computed from this and the pod alone. */
export interface ContainerState {
  readonly phase: { readonly at: 'absent' } | RunningContainer | ExitedContainer
  /** `restartCount`: starts after the first one. */
  readonly restarts: number
  /** The end of the run before the current one. */
  readonly last?: Exit
  /** Image name and `imageID` of the newest run; absent before the first. */
  readonly image?: string
  readonly imageID?: string
  /** Why the container could not be started last time, and when it is worth another try. */
  readonly obstacle?: Obstacle
  /** Crash back-off: before this time a container with this hash is not started again. */
  readonly backOff?: { readonly hash: string; readonly delayMs: number; readonly until: number }
}

/** A container that cannot be started for now: `reason` and `message` become its waiting state. */
export interface Obstacle {
  readonly reason: 'ErrImagePull' | 'ImagePullBackOff' | 'CreateContainerConfigError' | 'CreateContainerError'
  readonly message: string
  /** Belongs to this container hash: a changed definition is tried at once. */
  readonly hash: string
  readonly retryAt: number
  readonly attempts: number
}

export const absent: ContainerState = { phase: { at: 'absent' }, restarts: 0 }

/** A container of a pod with its part in the order of starting. */
export interface PodContainer {
  readonly role: ContainerRole
  readonly definition: ContainerDefinition
}

/** Init containers and sidecars in their order, then the main containers. */
export function containersOf(pod: PodObject): readonly PodContainer[] {
  const init = (pod.spec?.initContainers ?? []).map((definition): PodContainer => ({ role: roleOfInit(definition), definition }))
  const main = (pod.spec?.containers ?? []).map((definition): PodContainer => ({ role: 'main', definition }))
  return [...init, ...main]
}

function roleOfInit(definition: ContainerDefinition): ContainerRole {
  return definition.restartPolicy === 'Always' ? 'sidecar' : 'init'
}

/**
 * What of a definition demands a restart when it changes in a running pod: the name and the image, as kubelet hashes
 * them. Everything else of a container is immutable or does not need a new process.
 */
export function containerHash(definition: ContainerDefinition): string {
  return `${definition.name}@${definition.image ?? ''}`
}
