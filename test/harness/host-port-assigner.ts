import type { Container, Pod } from '../../src/apis/core/types.generated.ts'

interface Assignment {
  min?: number
  max?: number
  portsAssigned?: Record<string, number>
}

/**
 * What a managed platform does with the host ports of new pods: one that asks by the annotation gets free ports of the range it names, instead of
 * whatever it has, and is told which became which; one that does not ask must not have any. As GKE Autopilot does, under any annotation.
 */
export class HostPortAssigner {
  readonly #annotation: string
  readonly #taken = new Set<number>()

  constructor(annotation: string) {
    this.#annotation = annotation
  }

  /** The pod as the platform admits it; a text when it does not. A pod that was here before stays as it is. */
  admit(given: Pod): Pod | string {
    const pod = structuredClone(given)
    const ports = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].flatMap((one: Container) => one.ports ?? [])
    const held = ports.filter(port => port.hostPort !== undefined)
    const note = pod.metadata.annotations?.[this.#annotation]
    if (held.length === 0) return pod
    if (note === undefined) return `hostPort ${held[0]?.hostPort ?? 0} is not allowed here`
    const { min = 0, max = 0, portsAssigned } = JSON.parse(note) as Assignment
    if (portsAssigned !== undefined) return pod
    const assigned: Record<string, number> = {}
    for (const port of held) port.hostPort = assigned[String(port.hostPort)] ??= this.#free(min, max)
    pod.metadata.annotations = { ...pod.metadata.annotations, [this.#annotation]: JSON.stringify({ min, max, portsAssigned: assigned }) }
    return pod
  }

  #free(min: number, max: number): number {
    for (let tries = 0; tries < 10_000; tries += 1) {
      const port = min + Math.floor(Math.random() * (max - min + 1))
      if (this.#taken.has(port)) continue
      this.#taken.add(port)
      return port
    }
    throw new Error(`no port is free from ${min} to ${max}`)
  }
}
