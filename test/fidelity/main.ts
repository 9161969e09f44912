// Fidelity of the embedded API server, for people:
//   node test/fidelity/main.ts compare [CHAPTER…]   prints where the embedded server differs from the recorded answers, and is not known to
//   node test/fidelity/main.ts record [CHAPTER…]    plays the chapters on the cluster of BERTH_TEST_KUBECONFIG and keeps its answers
import { compare, described } from './comparison.ts'
import { knownDifferences } from './known-differences.ts'
import { allRecorded, playAll } from './playing.ts'
import { keepAnswers, keepVersion } from './recordings.ts'
import { embeddedServer, realServer, versionOf } from './server.ts'
import { table } from './table.ts'

const [command, ...names] = process.argv.slice(2)
const chapters = table.filter(({ name }) => names.length === 0 || names.includes(name))
const kubeconfig = process.env['BERTH_TEST_KUBECONFIG']

if (command === 'record' && kubeconfig !== undefined) {
  await using server = await realServer(kubeconfig)
  const version = await versionOf(server)
  await keepVersion(version)
  for (const chapter of chapters) {
    const answers = await playAll(server, [chapter])
    await keepAnswers(chapter.name, answers.get(chapter.name) ?? new Map())
    console.log(`${chapter.name}: ${chapter.steps.length} requests answered by ${version}`)
  }
} else if (command === 'compare') {
  await using server = await embeddedServer()
  const { requests, missing, found, unexplained, vanished } = compare(
    chapters,
    await playAll(server, chapters),
    allRecorded(chapters),
    knownDifferences,
  )
  for (const line of missing) console.log(line)
  for (const difference of unexplained) console.log(described(difference))
  for (const line of vanished) console.log(`no longer differs: ${line}`)
  console.log(`${requests} requests, ${found.length} differences, ${unexplained.length} of them unknown`)
} else {
  console.error('usage: node test/fidelity/main.ts compare|record [CHAPTER…]; record needs BERTH_TEST_KUBECONFIG')
  process.exitCode = 2
}
