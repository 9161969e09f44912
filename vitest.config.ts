import { defineConfig } from 'vitest/config'
import { embeddedOnly, onOwnClusters } from './test/one-sided.ts'

const onRealCluster = process.env['BERTH_TEST_KUBECONFIG'] !== undefined

export default defineConfig({
  test: {
    reporters: ['default', './test/tally-reporter.ts'],
    projects: [
      { test: { name: 'unit', include: ['{src,scripts,examples,deploy,bench}/**/*.test.ts'], pool: 'threads' } },
      {
        test: {
          name: 'scenarios',
          include: ['test/**/*.test.ts'],
          exclude: onRealCluster ? [...Object.keys(embeddedOnly), ...Object.keys(onOwnClusters)] : [],
          pool: 'forks',
          fileParallelism: false,
          setupFiles: ['test/harness/tell-on-failure.ts'],
          // For machines that others slow down. Whatever needed it is named at the end of the run.
          retry: Number(process.env['BERTH_RETRIES'] ?? 0),
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
