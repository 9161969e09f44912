import { NodeError } from '../node-error.ts'
import type { ContainerDefinition } from '../pods/container-state.ts'

/** The number of a port that a probe or hook names. @throws NodeError HOOK for a name the container does not have. */
export function portNumber(definition: ContainerDefinition, port: number | string): number {
  if (typeof port === 'number') return port
  const named = definition.ports?.find(candidate => candidate.name === port)?.containerPort
  if (named !== undefined) return named
  const number = Number(port)
  if (Number.isInteger(number) && number > 0 && number < 65536) return number
  throw new NodeError('HOOK', `couldn't find port: ${port}`)
}
