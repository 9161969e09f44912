import type { Instant, Step } from '../../../servers/model.ts'
import type { CreateTrouble } from './apply.ts'

/** How soon a server that could not be made is tried again, in milliseconds. */
const retryMs = 5000

/**
 * Servers that could not be made for a reason that a retry at once would not change: a quota, an invalid template, a taken name, no host port. They
 * are tried again after a while, or as soon as the set's spec changes.
 */
export class FailedCreates {
  readonly #troubles = new Map<string, CreateTrouble>()
  #retryAt: Instant = 0
  #generation: number | undefined

  list(): readonly CreateTrouble[] {
    return [...this.#troubles.values()]
  }

  /** When the next retry is due; undefined when nothing failed. */
  get retryAt(): Instant | undefined {
    return this.#troubles.size === 0 ? undefined : this.#retryAt
  }

  /** The steps without creates that failed a moment ago. */
  withoutRetries(steps: readonly Step[], generation: number, now: Instant): readonly Step[] {
    const changed = this.#generation !== generation
    this.#generation = generation
    if (this.#troubles.size === 0 || changed || now >= this.#retryAt) return steps
    return steps.filter(step => step.do !== 'create' || !this.#troubles.has(step.key))
  }

  /** The outcome of a pass: what was tried, what failed, and which servers should exist at all. */
  record(failed: readonly CreateTrouble[], tried: readonly Step[], wanted: ReadonlySet<string>, now: Instant): void {
    for (const step of tried) if (step.do === 'create') this.#troubles.delete(step.key)
    for (const trouble of failed) this.#troubles.set(trouble.server, trouble)
    for (const server of this.#troubles.keys()) if (!wanted.has(server)) this.#troubles.delete(server)
    if (failed.length > 0) this.#retryAt = now + retryMs
  }
}
