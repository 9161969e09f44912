import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chartFolder, findHelm } from '../../deploy/helm.ts'
import type { TestCluster } from './cluster.ts'
import { testNeeding } from './needs.ts'
import { must, type Ran, run } from './run.ts'

/** Where the scenarios install Berth, as the README says. */
export const release = { name: 'berth', namespace: 'berth-system' } as const

export const helmProgram = findHelm()

/** `test`, or `test.skip` where helm or kubectl is missing; in CI that is a failure. */
export const testWithHelm = (() => {
  if (helmProgram !== undefined) return testNeeding('kubectl')
  if (process.env['BERTH_FORBID_SKIPS'] === '1') throw new Error('skips are forbidden and this machine lacks helm')
  return testNeeding('kubectl').skip as unknown as ReturnType<typeof testNeeding>
})()

export const helm = (args: readonly string[], kubeconfig?: string): Promise<Ran> =>
  run(helmProgram ?? 'helm', args, { timeout: 180_000, ...(kubeconfig === undefined ? {} : { env: { KUBECONFIG: kubeconfig } }) })

/**
 * Installs the chart, or upgrades what is installed, and waits until Berth is at work. The nodes must know the image.
 *
 * @param args further arguments, such as `--set`
 */
export async function installBerth(kubeconfig: string, args: readonly string[] = [], chart = chartFolder): Promise<string> {
  const command = ['upgrade', '--install', release.name, chart, '--namespace', release.namespace, '--create-namespace', '--take-ownership']
  return must(await helm([...command, '--wait', '--timeout', '150s', ...args], kubeconfig), 'helm upgrade --install')
}

export async function uninstallBerth(kubeconfig: string): Promise<string> {
  const command = ['uninstall', release.name, '--namespace', release.namespace, '--wait', '--timeout', '120s']
  return must(await helm(command, kubeconfig), 'helm uninstall')
}

/** Whether the cluster's Berth is the chart's. */
export async function isInstalled(kubeconfig: string): Promise<boolean> {
  return (await helm(['status', release.name, '--namespace', release.namespace], kubeconfig)).code === 0
}

/** The values the release was installed with, as JSON. */
export async function valuesOf(kubeconfig: string): Promise<string> {
  const command = ['get', 'values', release.name, '--namespace', release.namespace, '--output', 'json']
  const values = must(await helm(command, kubeconfig), 'helm get values').trim()
  return values === 'null' ? '{}' : values
}

/** Builds the image and writes it to a file that a node imports. */
export async function packImage(file: string): Promise<void> {
  must(await run(process.execPath, ['deploy/image/build.ts', '--output', file], { timeout: 180_000 }), 'the build of the image')
}

/** A folder for `berth dev --images` in which the chart's image is the real one's root folder. */
export async function imageFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-image-'))
  const build = run(process.execPath, ['deploy/image/build.ts', '--root', join(folder, 'rootfs')], { timeout: 180_000 })
  must(await build, 'the build of the image')
  await writeFile(join(folder, 'image.yaml'), 'names: [berth.dev/berth]\nfiles: ./rootfs\nentrypoint: [/usr/bin/berth]\n')
  return folder
}

/** The chart of a version to come: one more column in a definition. Disposal removes it. */
export async function nextChart(): Promise<{ readonly folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-chart-'))
  await cp(chartFolder, folder, { recursive: true })
  const edit = async (path: string, change: (text: string) => string): Promise<void> => {
    const before = await readFile(join(folder, path), 'utf8')
    const after = change(before)
    if (after === before) throw new Error(`${path} is not what the scenario takes it for`)
    await writeFile(join(folder, path), after)
  }
  await edit('Chart.yaml', text => text.replace(/^version: .*$/m, 'version: 99.0.0'))
  const column = '- name: NEXT\n          type: string\n          jsonPath: .metadata.name\n        '
  await edit('templates/crds/gameservers.game.kruise.io.yaml', text =>
    text.replace(/(additionalPrinterColumns:\n\s+)/, (start: string) => `${start}${column}`),
  )
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

/** One question to the authorizer. */
export interface Access {
  readonly verb: string
  /** `pods`, `pods/status`, `leases.coordination.k8s.io`. */
  readonly resource: string
  /** Empty: all namespaces, or a resource that is in none. */
  readonly namespace?: string
  readonly name?: string
}

/** What the API server answers about a service account of Berth: true where it is allowed. In the order of the questions. */
export async function reviewAccess(cluster: TestCluster, serviceAccount: string, questions: readonly Access[]): Promise<boolean[]> {
  const items = questions.map(({ verb, resource: path, namespace = '', name = '' }) => {
    const [full = '', subresource = ''] = path.split('/')
    const dot = full.indexOf('.')
    const [resource, group] = dot < 0 ? [full, ''] : [full.slice(0, dot), full.slice(dot + 1)]
    return {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${release.namespace}:${serviceAccount}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${release.namespace}`, 'system:authenticated'],
        resourceAttributes: { verb, resource, group, subresource, namespace, name },
      },
    }
  })
  const asked = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const answer = await cluster.k(['create', '-f', '-', '-o', 'jsonpath={.status.allowed}{.items[*].status.allowed}{"\\n"}'], asked)
  return answer
    .split(/\s+/)
    .filter(word => word !== '')
    .map(word => word === 'true')
}
