import type { GameServerPort } from '../../../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { expandBothProtocols } from './port-expansion.ts'

/** Whether a number on the node is still to be chosen. */
export function needsNumber({ portPolicy = 'Dynamic', hostPort }: DeepReadonly<GameServerPort>): boolean {
  return hostPort === undefined && (portPolicy === 'Dynamic' || portPolicy === 'Passthrough')
}

/**
 * The ports with these numbers for those that need one, in their order, and every port for both protocols as two. Undefined: numbers are missing.
 */
export function numbered(
  ports: readonly DeepReadonly<GameServerPort>[],
  numbers: readonly number[] | undefined,
): GameServerPort[] | undefined {
  if (ports.filter(needsNumber).length > (numbers?.length ?? 0)) return undefined
  const left = [...(numbers ?? [])]
  return expandBothProtocols(
    ports.map(port => {
      if (!needsNumber(port)) return port
      const hostPort = left.shift() ?? 0
      return { ...port, hostPort, ...(port.portPolicy === 'Passthrough' && { containerPort: hostPort }) }
    }),
  )
}
