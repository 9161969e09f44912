import type { Reporter, TestModule } from 'vitest/node'
import { embeddedOnly, onOwnClusters } from './one-sided.ts'

/** A test that cannot run on both kinds of cluster says so in its name. */
const oneSided = /\((?:embedded|real) only: [^)]*\)/

/**
 * Closes a run with what ran on one kind of cluster only or passed at the second try, and with one plain line,
 * `N passed, N failed, N skipped`, for people and machines that read only the end of a log.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 }
    const named: string[] = []
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests('failed')].length === 0) counts.failed += 1
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (oneSided.test(test.name)) named.push(test.fullName)
        if (test.diagnostic()?.flaky === true) named.push(`passed at the second try: ${test.fullName}`)
        if (state === 'passed') counts.passed += 1
        else if (state === 'failed') counts.failed += 1
        else counts.skipped += 1
      }
    }
    counts.failed += errors.length
    if (process.env['BERTH_TEST_KUBECONFIG'] !== undefined) {
      for (const [file, reason] of Object.entries(embeddedOnly)) named.push(`not on a real cluster: ${file} (${reason})`)
      for (const [file, reason] of Object.entries(onOwnClusters))
        named.push(`on clusters of its own, embedded and real: ${file} (${reason})`)
    }
    process.stdout.write(
      `\n${named.map(line => `${line}\n`).join('')}${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
    )
  }
}
