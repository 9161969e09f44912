import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { containersOf, type PodObject } from './container-state.ts'

interface WantedPort {
  readonly port: number
  readonly protocol: 'TCP' | 'UDP'
}

/**
 * For a pod that shares the host's network: which of its ports its servers will not get, in sentences. To be asked before its first
 * container starts. Found out by taking each port for a moment, so what another server of the pod takes later is not known.
 */
export async function portTroubles(pod: PodObject, podIP: string): Promise<readonly string[]> {
  const troubles = await Promise.all(
    wantedPorts(pod).map(async wanted => {
      const code = await (wanted.protocol === 'TCP' ? tryTcp : tryUdp)(podIP, wanted.port)
      return code === undefined ? [] : [explain(wanted, podIP, code)]
    }),
  )
  return troubles.flat()
}

/** Ports that containers declare and that their probes dial: manifests often do without the former. */
export function wantedPorts(pod: PodObject): readonly WantedPort[] {
  const found = new Map<string, WantedPort>()
  const add = (port: number | string | undefined, protocol: string): void => {
    if (typeof port === 'number' && (protocol === 'TCP' || protocol === 'UDP')) found.set(`${port}/${protocol}`, { port, protocol })
  }
  for (const { definition } of containersOf(pod)) {
    for (const { containerPort, protocol = 'TCP' } of definition.ports ?? []) add(containerPort, protocol)
    for (const probe of [definition.startupProbe, definition.readinessProbe, definition.livenessProbe]) {
      if (probe?.httpGet?.host === undefined) add(probe?.httpGet?.port, 'TCP')
      if (probe?.tcpSocket?.host === undefined) add(probe?.tcpSocket?.port, 'TCP')
      add(probe?.grpc?.port, 'TCP')
    }
  }
  return [...found.values()]
}

/** Whether ports of the node lead to the pod. */
export function hasHostPorts(pod: PodObject): boolean {
  return containersOf(pod).some(({ definition }) => definition.ports?.some(({ hostPort = 0 }) => hostPort > 0) === true)
}

function explain({ port, protocol }: WantedPort, podIP: string, code: string): string {
  const title = `port ${port}/${protocol} of ${podIP} cannot be listened on`
  switch (code) {
    case 'EADDRINUSE':
      return `${title}: another program has it; one that listens on 0.0.0.0 takes it on every address. This pod shares the network of its host: each server should listen on its own address, in POD_IP`
    case 'EACCES':
      return `${title}: ports this low need root or a lower net.ipv4.ip_unprivileged_port_start where pods share the network of their host`
    default:
      return `${title}: ${code}`
  }
}

/** The system's error code; undefined when the port can be had. */
async function tryTcp(host: string, port: number): Promise<string | undefined> {
  const server = createServer(socket => socket.destroy())
  try {
    await once(server.listen({ host, port, exclusive: true }), 'listening')
  } catch (error) {
    return codeOf(error)
  }
  const closed = once(server, 'close')
  server.close()
  await closed
  return undefined
}

async function tryUdp(address: string, port: number): Promise<string | undefined> {
  const socket = createSocket('udp4')
  try {
    await once(socket.bind({ address, port, exclusive: true }), 'listening')
    return undefined
  } catch (error) {
    return codeOf(error)
  } finally {
    socket.close()
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : String(error))
