// Fidelity of the embedded API server, for people:
//   node test/fidelity/main.ts compare [CHAPTER…]   prints where the embedded server differs from the recorded answers
//   node test/fidelity/main.ts record [CHAPTER…]    plays the chapters on the cluster of BERTH_TEST_KUBECONFIG and keeps its answers
import { differences, isAt } from './differences.ts'
import { knownDifferences } from './known-differences.ts'
import { normalised } from './normalise.ts'
import { type Answers, play } from './player.ts'
import { keepAnswers, keepVersion, recordedAnswers } from './recordings.ts'
import { embeddedServer, realServer } from './server.ts'
import { table } from './table.ts'

const [command, ...names] = process.argv.slice(2)
const chapters = table.filter(({ name }) => names.length === 0 || names.includes(name))
const kubeconfig = process.env['BERTH_TEST_KUBECONFIG']

const shown = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value))

if (command === 'record' && kubeconfig !== undefined) {
  await using server = await realServer(kubeconfig)
  const version = (await (await server.admin.request({ method: 'GET', path: '/version' })).json()) as { gitVersion: string }
  await keepVersion(version.gitVersion)
  for (const chapter of chapters) {
    try {
      await keepAnswers(chapter.name, normalised(chapter, await play(server, chapter)))
      console.log(`${chapter.name}: ${chapter.steps.length} requests answered by ${version.gitVersion}`)
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
} else if (command === 'compare') {
  await using server = await embeddedServer()
  let count = 0
  for (const chapter of chapters) {
    const real = recordedAnswers(chapter.name)
    let played: Answers
    try {
      played = await play(server, chapter)
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
      continue
    }
    for (const [step, answer] of normalised(chapter, played)) {
      const recorded = real.get(step)
      if (recorded === undefined) {
        console.log(`${chapter.name}/${step}: not recorded`)
        continue
      }
      for (const difference of differences(`${chapter.name}/${step}`, answer, recorded)) {
        if (knownDifferences.some(({ where }) => where.some(text => isAt(text, difference)))) continue
        count += 1
        console.log(
          `${difference.step}: ${difference.field}\n  embedded ${shown(difference.embedded)}\n  real     ${shown(difference.real)}`,
        )
      }
    }
  }
  console.log(`${count} differences`)
} else {
  console.error('usage: node test/fidelity/main.ts compare|record [CHAPTER…]; record needs BERTH_TEST_KUBECONFIG')
  process.exitCode = 2
}
