import { type Difference, differences, isAt, type KnownDifference } from './differences.ts'
import type { Answer } from './player.ts'
import type { Chapter } from './step.ts'

/** Normalised answers of a server, by chapter and step. */
export type AllAnswers = ReadonlyMap<string, ReadonlyMap<string, Answer>>

export interface Comparison {
  /** How many requests both servers have answered. */
  readonly requests: number
  /** Steps of which one server's answer is missing. */
  readonly missing: readonly string[]
  /** All differences, explained or not. */
  readonly found: readonly Difference[]
  /** Differences that nothing in the list speaks of. */
  readonly unexplained: readonly Difference[]
  /** Entries of the list that speak of no difference there is, as `where: reason`. */
  readonly vanished: readonly string[]
}

/** Holds the answers of two servers against each other and against the list of known differences, both ways. */
export function compare(
  chapters: readonly Chapter[],
  embedded: AllAnswers,
  real: AllAnswers,
  known: readonly KnownDifference[],
): Comparison {
  const missing: string[] = []
  const found: Difference[] = []
  let requests = 0
  for (const { name, steps } of chapters) {
    for (const step of steps) {
      if (step.silent === true) continue
      const title = `${name}/${step.name}`
      const ours = embedded.get(name)?.get(step.name)
      const theirs = real.get(name)?.get(step.name)
      if (ours === undefined || theirs === undefined) {
        missing.push(`${title}: no answer of the ${ours === undefined ? 'embedded' : 'real'} server`)
        continue
      }
      requests += 1
      found.push(...differences(title, ours, theirs))
    }
  }
  const patterns = known.flatMap(({ reason, where }) => where.map(text => ({ text, reason })))
  return {
    requests,
    missing,
    found,
    unexplained: found.filter(difference => !patterns.some(({ text }) => isAt(text, difference))),
    vanished: patterns
      .filter(({ text }) => isOf(chapters, text) && !found.some(difference => isAt(text, difference)))
      .map(({ text, reason }) => `${text} (${reason})`),
  }
}

/** Whether a pattern can speak of one of these chapters: when only some are played, the others have no differences. */
function isOf(chapters: readonly Chapter[], where: string): boolean {
  const chapter = where.slice(0, where.indexOf('/'))
  return chapter.includes('*') || chapters.some(({ name }) => name === chapter)
}

const shown = (value: unknown): string => {
  const text = value === undefined ? 'absent' : JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}

/** A difference for people. */
export function described({ step, field, embedded, real }: Difference): string {
  return `${step}: ${field}\n  embedded ${shown(embedded)}\n  real     ${shown(real)}`
}
