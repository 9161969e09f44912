/**
 * A platform that assigns host ports itself, by a webhook of its own. Pods ask for it with an annotation (`{"min":7000,"max":8000}`) and carry
 * placeholders; the platform replaces them and adds to the annotation what became of which: `"portsAssigned":{"1":7123}`.
 * Contract: GKE Autopilot's `autopilot.gke.io/host-port-assignment`, under a name that the installation says.
 */
import type { GameServerPort } from '../../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { defaults } from '../../../apis/agones.dev/defaults.ts'
import { isChosen } from '../game-server/complete.ts'
import { needsNumber } from '../game-server/numbered-ports.ts'
import type { CloudProduct } from './cloud-product.ts'
import { generic } from './generic.ts'
import { passthroughConfigurationName } from './passthrough-webhook.ts'
import type { Mark } from './settings.ts'

export interface PlatformPorts {
  /** Of pods: by which ports are asked for, and by which the platform tells them. */
  readonly annotation: string
  /** Of pods with passthrough ports, so that the webhook is asked about no others. Undefined: there are no such ports. */
  readonly passthrough: Mark | undefined
  /** Where the platform shall look for host ports, both ends included. From {@link lowestPort} on. */
  readonly range: { readonly min: number; readonly max: number }
  /** Why a port is refused. */
  readonly words: { readonly portPolicy: string; readonly range: string }
}

/** Numbers below are placeholders, which begin with 1; so a stored number says by itself which of both it is. */
const lowestPort = 1024

/** @throws RangeError for a range that begins too low */
export function platformPorts({ annotation, passthrough, range, words }: PlatformPorts): CloudProduct {
  const allowed = ['Dynamic', 'None', ...(passthrough === undefined ? [] : ['Passthrough'])]
  if (range.min < lowestPort)
    throw new RangeError(`where the platform assigns host ports, their range begins at ${lowestPort} or above, not at ${range.min}`)
  const ask = JSON.stringify({ min: range.min, max: range.max })
  return {
    ...generic,
    validate: ({ ports }, path) =>
      ports.flatMap(({ portPolicy, range: name }, index): FieldError[] => [
        ...(allowed.includes(portPolicy) ? [] : [invalid(`${path}.ports[${index}].portPolicy`, portPolicy, words.portPolicy)]),
        ...(portPolicy === 'None' || name === defaults.portRange ? [] : [invalid(`${path}.ports[${index}].range`, name, words.range)]),
      ]),
    placeholders: ports => [...ports.entries()].flatMap(([index, port]) => (needsNumber(port) ? [index + 1] : [])),
    finishPod(pod, { ports }) {
      if (!ports.some(isChosen)) return pod
      const isMarked = passthrough !== undefined && ports.some(({ portPolicy }) => portPolicy === 'Passthrough')
      const { labels, annotations } = pod.metadata
      return {
        ...pod,
        metadata: {
          ...pod.metadata,
          labels: { ...labels, ...(isMarked && { [passthrough.key]: passthrough.value }) },
          annotations: { ...annotations, [annotation]: ask },
        },
      }
    },
    assigned(ports, pod) {
      const note = pod.metadata.annotations?.[annotation]
      const given = assignmentOf(note)
      const open = openedBy(pod)
      const found: DeepReadonly<GameServerPort>[] = []
      for (const port of ports) {
        const { name = '', hostPort: placeholder, protocol = defaults.protocol, portPolicy } = port
        if (!isChosen(port) || placeholder === undefined || placeholder >= lowestPort) {
          found.push(port)
          continue
        }
        const hostPort = given.get(placeholder) ?? 0
        const containerPort = open.get(`${protocol} ${hostPort}`)
        if (containerPort === undefined)
          return {
            missing: `The platform has assigned no host port to port "${name}": annotation ${annotation} of the pod is ${note ?? 'absent'}`,
          }
        const isPassed = portPolicy === 'Passthrough'
        // Nobody could reach it.
        if (isPassed && containerPort !== hostPort)
          return {
            missing: `Port "${name}" is ${hostPort} on the node and ${containerPort} in the pod: ${passthroughConfigurationName} has not seen the pod`,
          }
        found.push({ ...port, hostPort, ...(isPassed && { containerPort }) })
      }
      return { ports: found }
    },
  }
}

const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, value, detail })

/** What became of which number. Empty while the platform has said nothing that can be read. */
function assignmentOf(text: string | undefined): ReadonlyMap<number, number> {
  try {
    const said = JSON.parse(text ?? '{}') as { portsAssigned?: Readonly<Record<string, unknown>> } | null
    return new Map(Object.entries(said?.portsAssigned ?? {}).flatMap(([old, now]) => (typeof now === 'number' ? [[Number(old), now]] : [])))
  } catch {
    return new Map()
  }
}

/** The container ports of a pod by what they are on the node, `PROTOCOL number`. */
function openedBy({ spec }: DeepReadonly<Pod>): ReadonlyMap<string, number> {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  return new Map(
    containers.flatMap(({ ports = [] }) =>
      ports.map(({ protocol = 'TCP', hostPort, containerPort }) => [`${protocol} ${hostPort}`, containerPort] as const),
    ),
  )
}
