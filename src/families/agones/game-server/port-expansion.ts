import type { GameServerPort } from '../../../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../../../kube/object.ts'

/**
 * Ports for both protocols as two of one number: the entry itself becomes `<name>-tcp`, and `<name>-udp` is appended behind all others.
 */
export function expandBothProtocols(ports: readonly DeepReadonly<GameServerPort>[]): GameServerPort[] {
  const [first, appended]: [GameServerPort[], GameServerPort[]] = [[], []]
  for (const port of ports) {
    if (port.protocol !== 'TCPUDP') {
      first.push({ ...port })
      continue
    }
    first.push({ ...port, name: `${port.name ?? ''}-tcp`, protocol: 'TCP' })
    appended.push({ ...port, name: `${port.name ?? ''}-udp`, protocol: 'UDP' })
  }
  return [...first, ...appended]
}
