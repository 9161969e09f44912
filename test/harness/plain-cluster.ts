import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder, defaultVersion, missingHere, openCluster, startKubernetes } from '../cluster/cluster.ts'
import { clientOf, startCluster, type TestCluster } from './cluster.ts'

/** A Kubernetes of its own on which Berth is not at work, with one node that only claims to run pods. */
export interface PlainCluster {
  readonly kind: 'embedded' | 'real'
  readonly start: () => Promise<TestCluster>
}

/**
 * Those this host can have: the embedded one, and a released Kubernetes where it has been built or has to be (`BERTH_FORBID_SKIPS=1`).
 * `name` keeps scenarios apart.
 */
export async function plainClusters(name: string): Promise<PlainCluster[]> {
  const embedded: PlainCluster = {
    kind: 'embedded',
    start: async () => {
      // Also where scenarios run on a cluster of the user's: nothing of that one is needed here.
      const given = process.env['BERTH_TEST_KUBECONFIG']
      delete process.env['BERTH_TEST_KUBECONFIG']
      try {
        return await startCluster({ args: ['--simulate', '--no-controllers'] })
      } finally {
        if (given !== undefined) process.env['BERTH_TEST_KUBECONFIG'] = given
      }
    },
  }
  const isBuilt = existsSync(join(cacheFolder, `kubernetes-${defaultVersion}`, 'bin', 'kube-apiserver'))
  const isWanted = process.env['BERTH_FORBID_SKIPS'] === '1' || (isBuilt && (await missingHere(false)) === undefined)
  return isWanted ? [embedded, { kind: 'real', start: () => startReal(name) }] : [embedded]
}

async function startReal(scenario: string): Promise<TestCluster> {
  const name = `test-${scenario}`
  // What a scenario left that was killed.
  await (await openCluster(name))?.down()
  const folder = await mkdtemp(join(tmpdir(), 'berth-test-'))
  const options = { name, version: defaultVersion, node: false, fakeNodes: 1 }
  const cluster = await startKubernetes(options, line => void process.stderr.write(`${line}\n`))
  return {
    ...clientOf(cluster.kubeconfig, folder),
    kind: 'real',
    namespace: 'default',
    process: undefined,
    output: () => '',
    kill: () => cluster.down(),
    async [Symbol.asyncDispose]() {
      await cluster.down()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
