import { fixedCredential } from '../../src/kube/credentials.ts'
import { type ClusterConfig, loadKubeconfig } from '../../src/kube/kubeconfig.ts'
import type { Transport } from '../../src/kube/transport.ts'
import { UndiciTransport } from '../../src/kube/undici-transport.ts'
import { startEmbedded } from '../../src/main/embedded.ts'

/** An API server to play requests against. */
export interface Server extends AsyncDisposable {
  /** As its administrator. */
  readonly admin: Transport
  /** Without credentials. */
  readonly nobody: Transport
}

function serverOf(config: ClusterConfig, stop: () => PromiseLike<void>): Server {
  const admin = new UndiciTransport(config)
  const nobody = new UndiciTransport({ ...config, credentials: fixedCredential({ headers: {} }) })
  return {
    admin,
    nobody,
    async [Symbol.asyncDispose]() {
      await Promise.all([admin[Symbol.asyncDispose](), nobody[Symbol.asyncDispose]()])
      await stop()
    },
  }
}

/** The cluster of a kubeconfig. */
export async function realServer(kubeconfig: string): Promise<Server> {
  return serverOf(await loadKubeconfig({ files: [kubeconfig], env: process.env }), () => Promise.resolve())
}

/** An embedded cluster of this process, reached over TLS like any other; without nodes, so that nothing writes to pods. */
export async function embeddedServer(): Promise<Server> {
  const running = await startEmbedded(
    { port: 0, nodes: 0, simulate: true, imageFolders: [], controllers: false },
    AbortSignal.timeout(60_000),
  )
  const { endpoint, apiServer } = running.cluster
  const config: ClusterConfig = {
    server: endpoint.url,
    ca: endpoint.ca,
    insecureSkipTlsVerify: false,
    namespace: 'default',
    context: 'embedded',
    credentials: fixedCredential({ headers: { authorization: `Bearer ${apiServer.tokens.admin}` } }),
  }
  return serverOf(config, () => running[Symbol.asyncDispose]())
}

/** `v1.34.4`. */
export async function versionOf(server: Server): Promise<string> {
  const { gitVersion } = (await (await server.admin.request({ method: 'GET', path: '/version' })).json()) as { gitVersion: string }
  return gitVersion
}
