import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts'
import { RestClient } from '../../src/kube/rest-client.ts'
import { UndiciTransport } from '../../src/kube/undici-transport.ts'

export const root = resolve(import.meta.dirname, '../..')
export const berth = join(root, 'berth')

/** `berth dev` in a process of its own, as users have it, reached over TLS. */
export interface BenchCluster extends AsyncDisposable {
  readonly client: RestClient
  readonly kubeconfig: string
  readonly pid: number
  /** From the start of the launcher until the kubeconfig was there. */
  readonly startMs: number
}

export interface BenchClusterOptions {
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

export async function startCluster({ args = ['--simulate', '--nodes', '20'], env = {} }: BenchClusterOptions = {}): Promise<BenchCluster> {
  await using parts = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const kubeconfig = join(folder, 'kubeconfig')
  const begun = performance.now()
  const child = spawn(berth, ['dev', '--port', '0', '--kubeconfig', kubeconfig, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  parts.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGINT')
    await exit
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk))
  const ended = once(child, 'exit').then(() => {
    throw new Error(`berth dev ended: ${complaints}`)
  })
  ended.catch(() => {})
  await Promise.race([once(child.stdout, 'data'), ended])
  const startMs = performance.now() - begun
  child.stdout.resume()
  while ((await readFile(kubeconfig, 'utf8').catch(() => '')) === '') await sleep(5)
  const client = parts.use(
    new RestClient({
      transport: new UndiciTransport(await loadKubeconfig({ files: [kubeconfig], env: {} })),
      userAgent: 'berth-bench',
      fieldManager: 'bench',
    }),
  )
  const running = parts.move()
  return { client, kubeconfig, pid: child.pid ?? 0, startMs, [Symbol.asyncDispose]: () => running.disposeAsync() }
}
