import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { refuseEarly } from '../../../kube/refuse-early.ts'
import type { Holder } from './holder.ts'
import type { HostTools } from './host-tools.ts'
import { RuntimeError } from './runtime-error.ts'

export interface ListenAt {
  readonly host: string
  readonly port: number
}

// Sockets belong to the network in which they were made, whoever uses them: a child makes them there and hands them over.
const script = `
const { createServer } = require('node:net')
const ports = JSON.parse(process.argv[1])
const next = () => {
  const at = ports.shift()
  if (at === undefined) return process.exit(0)
  const server = createServer()
  server.once('error', error => process.send({ error: error.message }, () => process.exit(1)))
  server.listen(at.port, at.host === '' ? undefined : at.host, () => process.send({}, server, {}, next))
}
next()
`

/** Servers that listen in the network of a pod; `holder` undefined: in that of the host. Who comes before they are listened to is turned away. */
export async function listenInPod(tools: HostTools, holder: Holder | undefined, ports: readonly ListenAt[]): Promise<readonly Server[]> {
  if (holder === undefined) return listenHere(ports)
  const child = spawn(tools.require('nsenter'), [...holder.joinArguments, '--', process.execPath, '-e', script, JSON.stringify(ports)], {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const servers: Server[] = []
  let refusal: string | undefined
  child.on('message', (message, handle) => {
    if (handle !== undefined) servers.push(refuseEarly(handle as Server))
    else refusal = (message as { error?: string }).error
  })
  // Its end may be told before the last of what it sent.
  const [[code]] = (await Promise.all([once(child, 'exit'), once(child, 'disconnect')])) as [[number | null], unknown[]]
  if (code === 0 && servers.length === ports.length) return servers
  for (const server of servers) server.close()
  throw new RuntimeError('RunContainerError', `ports of the pod could not be opened: ${refusal ?? `exit code ${code ?? 'unknown'}`}`)
}

/** The same in the network of this process. */
export function listenHere(ports: readonly ListenAt[]): Promise<readonly Server[]> {
  return Promise.all(ports.map(open))
}

async function open({ host, port }: ListenAt): Promise<Server> {
  const server = refuseEarly(createServer())
  server.listen(port, host === '' ? undefined : host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new RuntimeError(
      'RunContainerError',
      `port ${port} could not be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
  return server
}
