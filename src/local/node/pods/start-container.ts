import { containerEnv } from '../env/container-env.ts'
import { expand } from '../env/expansion.ts'
import type { PodPlace } from '../env/field-ref.ts'
import type { NodeContext } from '../node-context.ts'
import { messageOf, NodeError } from '../node-error.ts'
import { RuntimeError } from '../runtime/runtime-error.ts'
import type { Container, ResolvedImage, Sandbox } from '../runtime/runtime.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'
import { prepareLog } from './log-files.ts'
import { hostnameOf } from './sandbox-spec.ts'
import type { ContainerDefinition, Obstacle, PodObject } from './container-state.ts'

export interface StartRequest {
  readonly pod: PodObject
  readonly definition: ContainerDefinition
  /** 0 for the first start of this container. */
  readonly attempt: number
  readonly place: PodPlace
  readonly sandbox: Sandbox
  readonly volumes: PodVolumes
}

/** How a start went. `failed`: the runtime refused to start the process, which counts as a run that ended. */
export type StartResult =
  | { readonly kind: 'started'; readonly container: Container; readonly image: ResolvedImage }
  | { readonly kind: 'failed'; readonly image: ResolvedImage; readonly message: string }
  | { readonly kind: 'obstacle'; readonly reason: Obstacle['reason']; readonly message: string }

/** Finds the image, composes environment, mounts and command line, and starts the process. Rejects only when `signal` is aborted. */
export async function startContainer(context: NodeContext, request: StartRequest, signal: AbortSignal): Promise<StartResult> {
  const { pod, definition, attempt, sandbox, volumes } = request
  const reference = definition.image ?? ''
  let image: ResolvedImage | undefined
  try {
    image = await context.images.resolve(reference)
  } catch (error) {
    return { kind: 'obstacle', reason: 'ErrImagePull', message: messageOf(error) }
  }
  if (image === undefined) return { kind: 'obstacle', reason: 'ErrImagePull', message: context.images.hint(reference) }

  let spec: Parameters<Sandbox['start']>[0]
  try {
    const env = await containerEnv(definition, {
      pod,
      place: request.place,
      capacity: context.capacity,
      config: context.config,
      base: { HOSTNAME: hostnameOf(pod), ...apiServerEnv(context.apiServer.url) },
    })
    spec = {
      name: definition.name,
      attempt,
      image,
      env,
      mounts: await volumes.mounts(pod, definition, env),
      logPath: await prepareLog(context.stateDir, pod, definition.name, attempt),
      ...(definition.command === undefined ? {} : { command: definition.command.map(text => expand(text, env)) }),
      ...(definition.args === undefined ? {} : { args: definition.args.map(text => expand(text, env)) }),
      ...(definition.workingDir === undefined ? {} : { workingDir: definition.workingDir }),
      ...(definition.stdin === undefined ? {} : { stdin: definition.stdin }),
      ...(definition.tty === undefined ? {} : { tty: definition.tty }),
    }
  } catch (error) {
    signal.throwIfAborted()
    const reason = error instanceof NodeError && error.code === 'CONFIG_REFERENCE' ? 'CreateContainerConfigError' : 'CreateContainerError'
    return { kind: 'obstacle', reason, message: messageOf(error) }
  }

  try {
    return { kind: 'started', container: await sandbox.start(spec, signal), image }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof RuntimeError && error.code === 'CreateContainerError')
      return { kind: 'obstacle', reason: error.code, message: error.message }
    return { kind: 'failed', image, message: messageOf(error) }
  }
}

/** The variables by which in-cluster clients find the API server. */
export function apiServerEnv(url: string): Record<string, string> {
  const { hostname, port, protocol } = new URL(url)
  const number = port !== '' ? port : protocol === 'https:' ? '443' : '80'
  return {
    KUBERNETES_SERVICE_HOST: hostname.replace(/^\[|\]$/g, ''),
    KUBERNETES_SERVICE_PORT: number,
    KUBERNETES_SERVICE_PORT_HTTPS: number,
    KUBERNETES_PORT: `tcp://${hostname}:${number}`,
  }
}
