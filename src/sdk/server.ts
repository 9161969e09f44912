import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net'
import { refuseEarly } from '../kube/refuse-early.ts'
import { createGrpcServer } from './grpc/grpc-server.ts'
import { status } from './grpc/status.ts'
import { restHandler } from './rest.ts'
import { InvalidArgumentError, type Sdk } from './sdk.ts'
import { alphaService, AlphaService, betaService, BetaService, coreService, CoreService } from './services.ts'

export interface ListenAt {
  /** Empty: at every address. */
  readonly host: string
  /** Zero lets the system choose. */
  readonly port: number
}

export interface SdkServerOptions {
  readonly sdk: Sdk
  /** Where games reach it. */
  readonly address: string
  readonly grpcPort: number
  readonly httpPort: number
  /** For kubelet, at every address of the pod. */
  readonly healthPort: number
  /** Default: in the network of this process. */
  readonly listen?: (places: readonly ListenAt[]) => Promise<readonly Server[]>
}

/** A sidecar at work. Disposal ends it and all its streams. */
export interface SdkServer extends AsyncDisposable {
  readonly ports: { readonly grpc: number; readonly http: number; readonly health: number }
}

/** What speaks a protocol over the connections it is given. */
interface Speaker {
  emit(event: 'connection', socket: Socket): boolean
}

export async function serveSdk(options: SdkServerOptions): Promise<SdkServer> {
  const { sdk, address, grpcPort, httpPort, healthPort, listen = listenHere } = options
  const servers = await listen([
    { host: address, port: grpcPort },
    { host: address, port: httpPort },
    { host: '', port: healthPort },
  ])
  const grpc = createGrpcServer(
    [
      { service: CoreService, implementation: coreService(sdk) },
      { service: AlphaService, implementation: alphaService() },
      { service: BetaService, implementation: betaService(sdk) },
    ],
    // The code for nearly everything in Agones: clients compare it.
    error => (error instanceof InvalidArgumentError ? status.invalidArgument : status.unknown),
  )
  const speakers: readonly Speaker[] = [grpc, createHttpServer(restHandler(sdk)), healthServer(sdk)]
  const connections = new Set<Socket>()
  for (const [index, server] of servers.entries()) {
    server.on('connection', (socket: Socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
      socket.on('error', () => undefined)
      speakers[index]?.emit('connection', socket)
    })
  }
  const portOf = (index: number): number => (servers[index]?.address() as AddressInfo | undefined)?.port ?? 0
  return {
    ports: { grpc: portOf(0), http: portOf(1), health: portOf(2) },
    async [Symbol.asyncDispose]() {
      const closed = servers.map(server => once(server, 'close'))
      for (const server of servers) server.close()
      for (const socket of connections) socket.destroy()
      await Promise.all(closed)
    },
  }
}

function healthServer(sdk: Sdk): Speaker {
  return createHttpServer((request, response) => {
    if (request.url === '/healthz') response.end('ok')
    else if (request.url === '/gshealthz') {
      const isHealthy = sdk.checkHealth()
      response.writeHead(isHealthy ? 200 : 500)
      response.end(isHealthy ? 'ok' : undefined)
    } else {
      response.writeHead(404)
      response.end()
    }
  })
}

async function listenHere(places: readonly ListenAt[]): Promise<readonly Server[]> {
  const servers: Server[] = []
  try {
    for (const { host, port } of places) {
      const server = refuseEarly(createNetServer())
      server.listen(port, host === '' ? undefined : host)
      await once(server, 'listening')
      servers.push(server)
    }
    return servers
  } catch (error) {
    for (const server of servers) server.close()
    throw error
  }
}
