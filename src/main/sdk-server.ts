// The process of the sidecar beside a game: serves the SDK for the GameServer of its pod. A program of its own, since one runs beside every
// server: it loads nothing that it does not need.
import { gameServers } from '../apis/agones.dev/game-server.ts'
import { Cache } from '../kube/cache.ts'
import { createEventRecorder } from '../kube/event-recorder.ts'
import { inClusterConfig } from '../kube/in-cluster.ts'
import { RestClient } from '../kube/rest-client.ts'
import { HttpsTransport } from '../kube/https-transport.ts'
import { sidecarOptions } from '../sdk/options.ts'
import { startSidecar } from '../sdk/sidecar.ts'
import { aborted, untilStopped } from './lifetime.ts'
import { lineLogger } from './line-logger.ts'

/** Serves until the signal; the sockets are open as soon as the API server has told of the GameServer. */
async function serve(signal: AbortSignal): Promise<void> {
  const { env } = process
  const options = sidecarOptions(process.argv.slice(2), env)
  const config = await inClusterConfig({ env })
  if (config === undefined) throw new Error('not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set')
  const { name, namespace, logLevel } = options
  const logger = lineLogger(logLevel)
  await using parts = new AsyncDisposableStack()
  const transport = parts.use(new HttpsTransport(config))
  const client = new RestClient({ transport, userAgent: 'berth-sdk-server', fieldManager: 'berth-sdk-server' })
  const cache = parts.use(new Cache({ client, logger }))
  const store = cache.store(gameServers, { namespace, fieldSelector: `metadata.name=${name}` })
  const recorder = parts.use(createEventRecorder({ client, component: 'gameserver-sidecar', instance: name, logger }))
  parts.use(await startSidecar(options, { client, store, recorder, logger }, signal))
  logger.info('the SDK is served', { namespace, name, grpcPort: options.grpcPort, httpPort: options.httpPort })
  await aborted(signal)
}

try {
  await untilStopped(serve)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
