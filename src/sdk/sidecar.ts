import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { Client } from '../kube/client.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import type { EventRecorder } from '../kube/event-recorder.ts'
import type { Logger } from '../kube/logger.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { Store } from '../kube/store.ts'
import { completeHealth } from './complete-health.ts'
import { KubernetesSource } from './kubernetes-source.ts'
import type { SidecarOptions } from './options.ts'
import { Sdk } from './sdk.ts'
import { type SdkServer, serveSdk, type SdkServerOptions } from './server.ts'

export interface SidecarParts extends Pick<SdkServerOptions, 'listen'> {
  readonly client: Pick<Client, 'patch'>
  /** Has the server, perhaps among others. */
  readonly store: Store<GameServer>
  readonly recorder: Pick<EventRecorder, 'event'>
  readonly logger: Logger
  readonly clock?: Clock
}

/** Serves the SDK for one GameServer, as soon as the API tells of it. */
export async function startSidecar(options: SidecarOptions, parts: SidecarParts, signal: AbortSignal): Promise<SdkServer> {
  const { client, store, recorder, logger, clock = systemClock, listen } = parts
  const server = await whenThere(store, `${options.namespace}/${options.name}`, signal)
  await using stack = new AsyncDisposableStack()
  const source = stack.use(new KubernetesSource({ client, store, server }))
  const sdk = stack.use(
    new Sdk({
      source,
      clock,
      logger,
      health: completeHealth(server.spec.health),
      rateLimitMs: options.rateLimitMs,
      onState: (state, reservedSeconds) => {
        const message = state === 'Unhealthy' ? 'Health check failure' : 'SDK state change'
        const forSeconds = state === 'Reserved' && reservedSeconds !== undefined ? `, for ${reservedSeconds}s` : ''
        recorder.event(source.current(), state === 'Unhealthy' ? 'Warning' : 'Normal', state, `${message}${forSeconds}`)
      },
    }),
  )
  const { address, grpcPort, httpPort, healthPort } = options
  const serving = stack.use(await serveSdk({ sdk, address, grpcPort, httpPort, healthPort, ...(listen !== undefined && { listen }) }))
  const running = stack.move()
  return { ports: serving.ports, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

async function whenThere(store: Store<GameServer>, key: string, signal: AbortSignal): Promise<DeepReadonly<GameServer>> {
  const found = Promise.withResolvers<DeepReadonly<GameServer>>()
  const look = (): void => {
    const server = store.get(key)
    if (server !== undefined) found.resolve(server)
  }
  using _subscription = store.subscribe({ added: look })
  look()
  const aborted = (): void => found.reject(signal.reason as Error)
  signal.addEventListener('abort', aborted, { once: true })
  try {
    return await found.promise
  } finally {
    signal.removeEventListener('abort', aborted)
  }
}
