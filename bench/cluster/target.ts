import { clusterNames, openCluster, startKubernetes } from '../../test/cluster/cluster.ts'
import { defaultVersion } from '../../test/cluster/components.ts'
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts'
import { RestClient } from '../../src/kube/rest-client.ts'
import { UndiciTransport } from '../../src/kube/undici-transport.ts'
import { listeningProcess } from './listening-process.ts'

/** A cluster to measure on. */
export interface Target extends AsyncDisposable {
  readonly kubeconfig: string
  readonly client: RestClient
  /** The API server's process, when it is one of this host. */
  readonly apiServer: number | undefined
}

/** Nodes of the peers' measurements. */
const fakeNodes = 20

/** Opens the cluster of the kubeconfig; without one, starts a control plane with fake nodes that goes with the target. */
export async function openTarget(kubeconfig: string | undefined): Promise<Target> {
  await using parts = new AsyncDisposableStack()
  let file = kubeconfig
  if (file === undefined) {
    const options = { name: 'bench', version: defaultVersion, node: false, fakeNodes }
    const cluster = await startKubernetes(options, line => console.error(line))
    parts.defer(() => cluster.down())
    file = cluster.kubeconfig
  }
  const config = await loadKubeconfig({ files: [file], env: {} })
  const client = parts.use(new RestClient({ transport: new UndiciTransport(config), userAgent: 'berth-bench', fieldManager: 'bench' }))
  const apiServer = (await ownApiServer(file)) ?? listeningProcess(Number(new URL(config.server).port))
  const running = parts.move()
  return { kubeconfig: file, client, apiServer, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** The clusters of `npm run cluster` have networks of their own, so their sockets are not those of the host. */
async function ownApiServer(kubeconfig: string): Promise<number | undefined> {
  for (const name of await clusterNames()) {
    const cluster = await openCluster(name)
    if (cluster?.kubeconfig === kubeconfig) return cluster.pid('kube-apiserver')
  }
  return undefined
}
