import type { AllAnswers } from './comparison.ts'
import { normalised } from './normalise.ts'
import { play } from './player.ts'
import { recordedAnswers } from './recordings.ts'
import type { Server } from './server.ts'
import type { Chapter } from './step.ts'

/** Plays chapters on a server, one after the other. Throws with every chapter that could not be played to its end. */
export async function playAll(server: Server, chapters: readonly Chapter[]): Promise<AllAnswers> {
  const answers = new Map<string, AllAnswers extends ReadonlyMap<string, infer A> ? A : never>()
  const failures: string[] = []
  for (const chapter of chapters) {
    try {
      answers.set(chapter.name, normalised(chapter, await play(server, chapter)))
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
    }
  }
  if (failures.length > 0) throw new Error(failures.join('\n'))
  return answers
}

/** What the real server answered when the chapters were recorded. */
export function allRecorded(chapters: readonly Chapter[]): AllAnswers {
  return new Map(chapters.map(chapter => [chapter.name, recordedAnswers(chapter.name)]))
}
