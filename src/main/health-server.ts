import { once } from 'node:events'
import { createServer } from 'node:http'

export interface HealthOptions {
  readonly host: string
  readonly port: number
  /** Whether the process can do its work: synced, or waiting to lead. */
  readonly isReady: () => boolean
  readonly metrics: () => Promise<string>
}

/** `/healthz` and `/livez` (the process turns), `/readyz`, and `/metrics` for Prometheus. */
export async function serveHealth({ host, port, isReady, metrics }: HealthOptions): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string): void =>
      void response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(text)
    switch (request.url) {
      case '/healthz':
      case '/livez':
        return answer(200, 'ok')
      case '/readyz':
        return isReady() ? answer(200, 'ok') : answer(503, 'not ready')
      case '/metrics':
        metrics().then(
          text => answer(200, text),
          () => answer(500, 'the metrics cannot be read'),
        )
        return undefined
      default:
        return answer(404, 'not found')
    }
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
