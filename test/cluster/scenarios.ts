// Runs the scenarios on a real Kubernetes: that of BERTH_TEST_KUBECONFIG or KUBECONFIG, or one that is started here and ended afterwards.
// Arguments are handed to the test runner, such as a file's name.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { eventually } from '../harness/eventually.ts'
import { installBerth, isInstalled, packImage } from '../harness/install.ts'
import { must, root, run } from '../harness/run.ts'
import { startKubernetes } from './cluster.ts'
import { defaultVersion } from './components.ts'

const report = (line: string) => process.stderr.write(`${line}\n`)

/** A program beside the tests, whose output is kept for the case that it ends early. */
async function beside(
  name: string,
  folder: string,
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  ready: RegExp,
): Promise<ChildProcess> {
  const path = join(folder, `${name}.log`)
  const log = openSync(path, 'a')
  const [program = '', ...args] = command
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', log, log] })
  await eventually(`${name} is at work`, () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: ${readFileSync(path, 'utf8').slice(-3000)}`)
    return ready.test(readFileSync(path, 'utf8'))
  })
  return child
}

async function main(): Promise<number> {
  await using parts = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'berth-real-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const given = process.env['BERTH_TEST_KUBECONFIG'] ?? process.env['KUBECONFIG']
  const { kubeconfig, path } = given === undefined ? await ownCluster(parts, folder) : { kubeconfig: given, path: [] }
  const env = {
    BERTH_TEST_KUBECONFIG: kubeconfig,
    KUBECONFIG: kubeconfig,
    PATH: [...path, process.env['PATH'] ?? ''].join(delimiter),
  }
  // On a cluster that was given Berth may be installed; where it is not, its controllers run beside the tests.
  if (!(await isInstalled(kubeconfig))) {
    const command = [join(root, 'berth'), 'controller', '--install-crds']
    const controller = await beside('controller', folder, command, env, /controllers are at work/)
    parts.defer(() => void controller.kill())
  }
  const clouds = await beside('clouds', folder, [process.execPath, 'test/cluster/clouds.ts', kubeconfig], env, /^ready$/m)
  parts.defer(() => void clouds.kill())

  const tests = spawn('npx', ['vitest', 'run', '--project', 'scenarios', ...process.argv.slice(2)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void tests.kill('SIGTERM'))
  const [code] = (await once(tests, 'exit')) as [number | null]
  return code ?? 130
}

/** A Kubernetes of our own with Berth installed by its chart; it goes with `parts`. */
async function ownCluster(parts: AsyncDisposableStack, folder: string): Promise<{ kubeconfig: string; path: string[] }> {
  const version = process.env['BERTH_TEST_KUBERNETES'] ?? defaultVersion
  const cluster = await startKubernetes({ name: `test-${process.pid}`, version, node: true, fakeNodes: 4 }, report)
  parts.defer(() => cluster.down())
  // Pods of fake nodes only look as if they ran; scenarios that want such pods open these nodes again.
  must(await run(cluster.programs.kubectl, ['--kubeconfig', cluster.kubeconfig, 'cordon', '--selector', 'type=kwok']), 'kubectl cordon')
  report('packing and installing Berth …')
  const image = join(folder, 'berth.tar')
  await packImage(image)
  await cluster.importImages(image)
  await installBerth(cluster.kubeconfig)
  return { kubeconfig: cluster.kubeconfig, path: [dirname(cluster.programs.kubectl)] }
}

process.exitCode = await main()
