import { agonesServers } from '../allocation/agones-servers.ts'
import { Allocator } from '../allocation/allocator.ts'
import { answerAllocation, gameServerAllocations } from '../allocation/answer.ts'
import { okgServers } from '../allocation/okg-servers.ts'
import { stockOf } from '../allocation/stock.ts'
import { gameServers } from '../apis/agones.dev/game-server.ts'
import { gameServers as okgGameServers } from '../apis/game.kruise.io/game-server.ts'
import type { Cache } from '../kube/cache.ts'
import { systemClock } from '../kube/clock.ts'
import { createEventRecorder } from '../kube/event-recorder.ts'
import { type Logger, withFields } from '../kube/logger.ts'
import type { EmbeddedCluster } from '../local/cluster.ts'
import type { ResidentProgram } from '../local/node/runtime/resident-container.ts'
import { sidecarOptions } from '../sdk/options.ts'
import { type SidecarParts, startSidecar } from '../sdk/sidecar.ts'
import { aborted } from './lifetime.ts'

/** What `berth dev` calls the sidecar of Agones servers; it runs in the process of the cluster. */
export const residentSidecarImage = 'berth.dev/agones-sdk'

/** What the sidecars of a cluster share; it is there once the cluster is. */
export type SharedBySidecars = Omit<SidecarParts, 'listen'>

/** The sidecar as a program of the cluster's process. */
export function residentSidecar(shared: Promise<SharedBySidecars>): ResidentProgram {
  return async ({ args, env, signal, listen, log }) => {
    const options = sidecarOptions(args, env)
    await using _server = await startSidecar(options, { ...(await shared), listen }, signal)
    log(`serving ${options.namespace}/${options.name}`)
    await aborted(signal)
    return 0
  }
}

/** What Agones' extensions and sidecars do beside the controllers: allocation as an API of the cluster. */
export function serveAgones(cluster: EmbeddedCluster, cache: Cache, logger: Logger): SharedBySidecars & Disposable {
  const parts = new DisposableStack()
  const store = cache.store(gameServers)
  const recorderOf = (component: string) => {
    const recorder = createEventRecorder({ client: cluster.client(component), component, logger })
    parts.defer(() => void recorder[Symbol.asyncDispose]())
    return recorder
  }
  const shared = {
    client: cluster.client('agones-extensions'),
    recorder: recorderOf('GameServerAllocation-Allocator'),
    clock: systemClock,
  }
  const allocator = parts.use(
    new Allocator({
      stocks: [
        stockOf({ ...shared, kind: agonesServers, store }),
        stockOf({ ...shared, kind: okgServers, store: cache.store(okgGameServers) }),
      ],
      clock: systemClock,
    }),
  )
  cluster.apiServer.registerQuestion({
    type: gameServerAllocations,
    shortNames: ['gsa'],
    answer: posted => answerAllocation(allocator, posted),
  })
  return {
    client: cluster.client('agones-sdk'),
    store,
    recorder: recorderOf('gameserver-sidecar'),
    logger: withFields(logger, { component: 'sdk' }),
    [Symbol.dispose]: () => parts.dispose(),
  }
}
