import type { Ask } from './model.ts'

/** A port list that was read, or what is wrong with it. */
export type ParsedPorts = { readonly ok: true; readonly asks: readonly Ask[] } | { readonly ok: false; readonly message: string }

const protocols = ['TCP', 'UDP', 'TCPUDP'] as const

/** A protocol of OpenKruiseGame's port lists; empty means TCP. */
export function parseProtocol(text: string | undefined): Ask['protocol'] | undefined {
  if (text === undefined || text === '') return 'TCP'
  return protocols.find(protocol => protocol === text.toUpperCase())
}

/** A port number from 1 to 65535. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65535 ? port : undefined
}

/** Reads `80/TCP,90/UDP,7777/TCPUDP`: comma separated ports, protocol TCP when none is given. */
export function parsePortProtocols(text: string): ParsedPorts {
  const asks: Ask[] = []
  const seen = new Set<string>()
  for (const entry of text.split(',').map(part => part.trim())) {
    if (entry === '') continue
    const [number = '', protocolText, ...rest] = entry.split('/').map(part => part.trim())
    const containerPort = parsePort(number)
    const protocol = parseProtocol(protocolText)
    if (containerPort === undefined)
      return { ok: false, message: `${JSON.stringify(entry)} is not port/protocol: the port must be a number from 1 to 65535` }
    if (protocol === undefined || rest.length > 0) {
      return { ok: false, message: `${JSON.stringify(entry)} is not port/protocol: the protocol must be TCP, UDP or TCPUDP` }
    }
    for (const single of protocol === 'TCPUDP' ? ['TCP', 'UDP'] : [protocol]) {
      if (seen.has(`${containerPort}/${single}`)) return { ok: false, message: `port ${containerPort}/${single} is listed twice` }
      seen.add(`${containerPort}/${single}`)
    }
    asks.push({ name: String(containerPort), containerPort, protocol })
  }
  return asks.length === 0 ? { ok: false, message: 'lists no port' } : { ok: true, asks }
}
