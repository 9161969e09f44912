import type { Ask, Parameter, ParameterProblem } from '../../model.ts'
import { suggestion } from '../../nearest.ts'
import { parsePort, parseProtocol } from '../../port-protocols.ts'

const parameterName = 'ContainerPorts'

export type ParsedContainerPorts =
  | { readonly ok: true; readonly asks: readonly Ask[] }
  | { readonly ok: false; readonly problems: readonly ParameterProblem[] }

/**
 * Reads `ContainerPorts`, one parameter per container: `game:25565,8080/UDP,SameAsHost/TCPUDP`. `SameAsHost` makes the container port equal
 * to the host port; its container port is then 0 here.
 */
export function parseContainerPorts(parameters: readonly Parameter[]): ParsedContainerPorts {
  const problems: ParameterProblem[] = []
  const asks: Ask[] = []
  for (const [index, { name, value }] of parameters.entries()) {
    if (name !== parameterName) {
      problems.push({
        index,
        name,
        message: `Kubernetes-HostPort has no parameter ${JSON.stringify(name)}${suggestion(name, [parameterName])}`,
      })
      continue
    }
    const parsed = parseEntry(value)
    if (typeof parsed === 'string') problems.push({ index, name, message: `${parameterName} ${parsed}` })
    else asks.push(...parsed)
  }
  if (problems.length === 0 && asks.length === 0) {
    problems.push({ name: parameterName, message: `Kubernetes-HostPort needs the parameter ${parameterName}` })
  }
  return problems.length === 0 ? { ok: true, asks } : { ok: false, problems }
}

function parseEntry(text: string): Ask[] | string {
  const colon = text.indexOf(':')
  const container = text.slice(0, Math.max(0, colon)).trim()
  if (container === '') return `${JSON.stringify(text)} is not container:port/protocol,…`
  const asks: Ask[] = []
  for (const part of text.slice(colon + 1).split(',')) {
    const [portText = '', protocolText, ...rest] = part
      .trim()
      .split('/')
      .map(piece => piece.trim())
    if (part.trim() === '') continue
    const sameAsHost = portText === 'SameAsHost'
    const containerPort = sameAsHost ? 0 : parsePort(portText)
    const protocol = parseProtocol(protocolText)
    if (containerPort === undefined) return `${JSON.stringify(part)}: the port must be a number from 1 to 65535, or SameAsHost`
    if (protocol === undefined || rest.length > 0) return `${JSON.stringify(part)}: the protocol must be TCP, UDP or TCPUDP`
    asks.push({ name: `${container}-${portText}`, container, containerPort, protocol, sameAsHost })
  }
  return asks.length === 0 ? `${JSON.stringify(text)} lists no port` : asks
}
