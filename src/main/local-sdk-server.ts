import { randomInt } from 'node:crypto'
import { unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gameServers, type GameServer } from '../apis/agones.dev/game-server.ts'
import type { Connection } from '../cli/connection.ts'
import { type CliContext, note } from '../cli/context.ts'
import { CliError, exitCode } from '../cli/exit-code.ts'
import { Cache } from '../kube/cache.ts'
import { createEventRecorder } from '../kube/event-recorder.ts'
import { noopLogger } from '../kube/logger.ts'
import { RestClient } from '../kube/rest-client.ts'
import { completeHealth } from '../sdk/complete-health.ts'
import { localServer, readServer } from '../sdk/local-server.ts'
import { MemorySource } from '../sdk/memory-source.ts'
import { RecordedSdk } from '../sdk/recorded-sdk.ts'
import { serveSdk } from '../sdk/server.ts'
import { startSidecar } from '../sdk/sidecar.ts'
import { aborted } from './lifetime.ts'
import type { SdkServerCommandOptions } from './sdk-server-command.ts'

/** How often the developer's file is looked at. */
const lookEveryMs = 200

/** Serves the SDK for a GameServer in memory until the signal, or as long as it is told to; then judges which calls came. */
export async function runLocalSdkServer(context: CliContext, options: SdkServerCommandOptions): Promise<void> {
  context.runsUntilStopped = true
  const { clock, signal } = context
  const { test, sdkName = 'the SDK', timeout, delay, address, grpcPort, httpPort, healthPort } = options
  await using parts = new AsyncDisposableStack()
  // Under a test nobody can have known it before.
  const base = localServer(test === undefined ? '1234' : String(randomInt(2 ** 31)))
  const file = options.file === undefined ? undefined : resolve(context.cwd, options.file)
  const source = new MemorySource(file === undefined ? base : await serverOf(file, base))
  if (file !== undefined) {
    const look = (): void =>
      void serverOf(file, base).then(
        server => source.change(server),
        (error: unknown) => note(context, error instanceof Error ? error.message : String(error)),
      )
    watchFile(file, { interval: lookEveryMs }, look)
    parts.defer(() => unwatchFile(file, look))
  }
  const health = completeHealth(source.current().spec.health)
  const sdk = parts.use(new RecordedSdk({ source, clock, logger: noopLogger, health, rateLimitMs: 0, ready: 'Ready' }))
  if (delay > 0) await clock.sleep(delay * 1000, signal)
  const { ports } = parts.use(await serveSdk({ sdk, address, grpcPort, httpPort, healthPort }))
  note(
    context,
    `The SDK is served: gRPC at ${address || '*'}:${ports.grpc}, REST at ${address || '*'}:${ports.http}, health at *:${ports.health}`,
  )
  await aborted(timeout === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeout * 1000)]))
  await sdk.whenIdle()
  if (test === undefined) return
  const { missing, extra } = sdk.judge(test)
  if (missing.length === 0 && extra.length === 0) return note(context, `${sdkName} made all calls: ${[...test].join(', ')}`)
  const said = [missing.length > 0 ? `missing: ${missing.join(', ')}` : '', extra.length > 0 ? `not asked for: ${extra.join(', ')}` : '']
  throw new CliError(exitCode.failed, `${sdkName}: ${said.filter(text => text !== '').join('; ')}`)
}

/** Serves the SDK for a GameServer of a cluster, from wherever this runs. */
export async function runClusterSdkServer(context: CliContext, connection: Connection, options: SdkServerCommandOptions): Promise<void> {
  context.runsUntilStopped = true
  const { clock, signal } = context
  const { gameserverName: name = '', address, grpcPort, httpPort, healthPort } = options
  const { namespace } = connection
  await using parts = new AsyncDisposableStack()
  const client = new RestClient({ transport: connection.transport, clock, userAgent: 'berth-sdk-server', fieldManager: 'berth-sdk-server' })
  const cache = parts.use(new Cache({ client, clock }))
  const store = cache.store(gameServers, { namespace, fieldSelector: `metadata.name=${name}` })
  const recorder = parts.use(createEventRecorder({ client, component: 'gameserver-sidecar', clock }))
  const where = { name, namespace, address, grpcPort, httpPort, healthPort, rateLimitMs: 500, logLevel: 'info' } as const
  const { ports } = parts.use(await startSidecar(where, { client, store, recorder, logger: noopLogger, clock }, signal))
  note(
    context,
    `The SDK is served for ${namespace}/${name}: gRPC at ${address || '*'}:${ports.grpc}, REST at ${address || '*'}:${ports.http}`,
  )
  await aborted(signal)
}

async function serverOf(file: string, base: GameServer): Promise<GameServer> {
  try {
    return readServer(await readFile(file, 'utf8'), base)
  } catch (error) {
    throw new CliError(exitCode.usage, `${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
