import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Answer } from './player.ts'

const folder = join(import.meta.dirname, 'recorded')

/** Answers of a real Kubernetes to one chapter, normalised, one step a line. */
export function recordedAnswers(chapter: string): Map<string, Answer> {
  const file = join(folder, `${chapter}.json`)
  if (!existsSync(file)) return new Map()
  return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Answer>))
}

export async function keepAnswers(chapter: string, answers: ReadonlyMap<string, Answer>): Promise<void> {
  await mkdir(folder, { recursive: true })
  const lines = [...answers].map(([step, answer]) => `${JSON.stringify(step)}:${JSON.stringify(answer)}`)
  await writeFile(join(folder, `${chapter}.json`), `{\n${lines.join(',\n')}\n}\n`)
}

export async function keepVersion(gitVersion: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'version.json'), `${JSON.stringify({ gitVersion })}\n`)
}

/** Who gave the recorded answers. */
export function recordedVersion(): string {
  return (JSON.parse(readFileSync(join(folder, 'version.json'), 'utf8')) as { gitVersion: string }).gitVersion
}
