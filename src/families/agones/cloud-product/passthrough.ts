/**
 * Sets the container ports of passthrough ports to the host ports that the platform has assigned: `containerPort = hostPort`. Pure, and the same
 * again for a pod that has been seen before: the platform's webhook may come before or after ours.
 */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { Container, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'

/** One step of a JSON patch. Nothing but container ports is ever replaced. */
export interface PortStep {
  readonly op: 'replace'
  readonly path: `/spec/${'containers' | 'initContainers'}/${number}/ports/${number}/containerPort`
  readonly value: number
}

export type PassthroughChange = { readonly steps: readonly PortStep[] } | { readonly errors: readonly FieldError[] }

const field = `metadata.annotations[${annotations.passthroughPorts}]`

/** What there is to do for a pod that says which of its ports are passthrough. */
export function passthroughChange({ metadata, spec }: DeepReadonly<Pod>): PassthroughChange {
  const note = metadata.annotations?.[annotations.passthroughPorts]
  if (note === undefined) return { steps: [] }
  const wrong = (detail: string): PassthroughChange => ({ errors: [{ type: 'FieldValueInvalid', field, value: note, detail }] })
  const assignment = assignmentOf(note)
  if (assignment === undefined) return wrong('must be JSON such as {"game":[0,1]}: by the name of a container the indexes of its ports')
  const steps: PortStep[] = []
  for (const [name, indexes] of assignment) {
    const place = placeOf(spec, name)
    if (place === undefined) return wrong(`there is no container named ${name} that ports could be opened for`)
    for (const index of indexes) {
      const port = place.container.ports?.[index]
      if (port === undefined) return wrong(`container ${name} has ${place.container.ports?.length ?? 0} ports, and none at ${index}`)
      const { hostPort, containerPort } = port
      if (hostPort === undefined || hostPort === containerPort) continue
      steps.push({ op: 'replace', path: `/spec/${place.list}/${place.at}/ports/${index}/containerPort`, value: hostPort })
    }
  }
  return { steps }
}

function assignmentOf(note: string): [name: string, indexes: number[]][] | undefined {
  try {
    const said: unknown = JSON.parse(note)
    if (typeof said !== 'object' || said === null || Array.isArray(said)) return undefined
    const entries = Object.entries(said as Record<string, unknown>)
    const isList = (value: unknown): value is number[] => Array.isArray(value) && value.every(one => Number.isInteger(one) && one >= 0)
    return entries.every((entry): entry is [string, number[]] => isList(entry[1])) ? entries : undefined
  } catch {
    return undefined
  }
}

interface Place {
  readonly list: 'containers' | 'initContainers'
  readonly at: number
  readonly container: DeepReadonly<Container>
}

/** A container, or an init container that runs beside the others. */
function placeOf(spec: DeepReadonly<Pod>['spec'], name: string): Place | undefined {
  for (const list of ['containers', 'initContainers'] as const)
    for (const [at, container] of (spec?.[list] ?? []).entries())
      if (container.name === name && (list === 'containers' || container.restartPolicy === 'Always')) return { list, at, container }
  return undefined
}
