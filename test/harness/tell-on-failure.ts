import { afterEach } from 'vitest'
import { openClusters, type TestCluster } from './cluster.ts'

const questions = [
  'get gameserversets.game.kruise.io,gameservers.game.kruise.io,services -o wide',
  'get fleets,gameserversets.agones.dev,gameservers.agones.dev',
  'get pods -o wide',
  'get pods -o jsonpath={range.items[*]}{.metadata.name}:{.status.containerStatuses[*].state}{.status.conditions}{"\\n"}{end}',
  'get events --sort-by=.metadata.creationTimestamp',
]
const mostLines = 60

// What the clusters look like at the moment a scenario fails: the reason is rarely in the words of the check.
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') for (const cluster of openClusters) process.stderr.write(await stateOf(cluster, task.name))
})

async function stateOf(cluster: TestCluster, test: string): Promise<string> {
  const parts = [`── ${cluster.kind} cluster at the failure of "${test}"`]
  for (const question of questions) {
    const { stdout, stderr } = await cluster.kubectl(question)
    parts.push(`$ kubectl ${question}`, ...`${stdout}${stderr}`.trimEnd().split('\n').slice(-mostLines))
  }
  return `${parts.join('\n')}\n`
}
