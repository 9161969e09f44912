import { beforeAll, describe, expect, test } from 'vitest'
import { type AllAnswers, type Comparison, compare, described } from './fidelity/comparison.ts'
import { knownDifferences } from './fidelity/known-differences.ts'
import { allRecorded, playAll } from './fidelity/playing.ts'
import { recordedVersion } from './fidelity/recordings.ts'
import { embeddedServer, realServer } from './fidelity/server.ts'
import { table } from './fidelity/table.ts'
import { plainClusters } from './harness/plain-cluster.ts'

// The embedded API server is held against a released Kubernetes: field by field with the answers that are kept in the repository, and
// live with a control plane of its own where the host can have one. See test/fidelity/step.ts for what a step can say.

const real = (await plainClusters('fidelity')).find(({ kind }) => kind === 'real')
const mostShown = 30

function expectExplained({ missing, unexplained }: Comparison): void {
  const report = [
    ...missing.slice(0, mostShown),
    ...unexplained.slice(0, mostShown).map(described),
    `${missing.length} answers are missing, ${unexplained.length} differences are not in test/fidelity/known-differences.ts`,
  ].join('\n')
  if (missing.length > 0 || unexplained.length > 0) expect.fail(report)
}

describe('fidelity of the embedded API server', () => {
  let embedded: AllAnswers

  beforeAll(async () => {
    await using server = await embeddedServer()
    embedded = await playAll(server, table)
  })

  describe(`to the recorded answers of Kubernetes ${recordedVersion()}`, () => {
    let comparison: Comparison
    beforeAll(() => {
      comparison = compare(table, embedded, allRecorded(table), knownDifferences)
    })

    test('every difference is known', () => expectExplained(comparison))

    test('every known difference is still there', () => {
      expect(comparison.vanished, 'no longer differs: remove it from test/fidelity/known-differences.ts').toEqual([])
    })

    test('covers at least 300 requests', () => expect(comparison.requests).toBeGreaterThanOrEqual(300))
  })

  // Not a skipped test: without a real cluster the recorded answers are the whole check.
  if (real !== undefined) {
    test('to a real control plane, live: every difference is known', async () => {
      await using cluster = await real.start()
      await using server = await realServer(cluster.kubeconfig)
      expectExplained(compare(table, embedded, await playAll(server, table), knownDifferences))
    })
  }
})
