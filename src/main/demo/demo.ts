import { join, resolve } from 'node:path'
import { type CliContext, note, print } from '../../cli/context.ts'
import { exitCode } from '../../cli/exit-code.ts'
import { startEmbedded } from '../embedded.ts'
import { writeKubeconfig } from '../kubeconfig-file.ts'
import { aborted } from '../lifetime.ts'
import { directed } from './directed.ts'
import { hotUpdate } from './hot-update.ts'
import { match } from './match.ts'
import { onDelete } from './on-delete.ts'
import type { ActResult, Stage } from './stage.ts'

/** The acts of each story. */
const stories = { okg: [hotUpdate, directed, onDelete], agones: [match] } as const

export type Story = keyof typeof stories

export interface DemoOptions {
  readonly json?: boolean
  readonly keep?: boolean
  readonly kubeconfig: string
  readonly port: number
  readonly isolation?: 'namespaces' | 'user-namespaces' | 'loopback'
}

export type Apply = (files: readonly string[], kubeconfig: string) => Promise<void>

const examples = resolve(import.meta.dirname, '../../../examples')

/** Runs the acts of a story on a cluster of their own and judges them; the exit code says whether everything was true. */
export async function demo(context: CliContext, story: Story, options: DemoOptions, apply: Apply): Promise<void> {
  const begun = performance.now()
  const say = (line: string): void => (options.json === true ? undefined : print(context, line))
  await using berth = await startEmbedded(
    {
      port: options.port,
      nodes: 1,
      simulate: false,
      imageFolders: [],
      agones: story === 'agones',
      onTrouble: message => note(context, `berth: ${message}`),
      ...(options.isolation === undefined ? {} : { isolation: options.isolation }),
    },
    context.signal,
  )
  const kubeconfig = resolve(context.cwd, options.kubeconfig)
  const { endpoint, apiServer } = berth.cluster
  await writeKubeconfig(kubeconfig, { name: 'berth-demo', server: endpoint.url, ca: endpoint.ca, token: apiServer.tokens.admin })
  say(`Berth is ready; KUBECONFIG=${kubeconfig} while this runs.`)
  for (const line of berth.notes) say(`  ${line}`)

  const stage: Stage = {
    client: berth.cluster.client('berth-demo'),
    signal: context.signal,
    say,
    apply: example => apply([join(examples, example)], kubeconfig),
  }
  const acts: ActResult[] = []
  for (const act of stories[story]) {
    say('')
    const result = await act(stage)
    acts.push(result)
    for (const check of result.checks) say(`  ${check.ok ? '✓' : '✗'} ${check.what.padEnd(42)} ${check.seen}`)
  }

  const checks = acts.flatMap(act => act.checks)
  const failed = checks.filter(check => !check.ok)
  const seconds = Math.round((performance.now() - begun) / 100) / 10
  if (options.json === true) print(context, JSON.stringify({ ok: failed.length === 0, seconds, isolation: berth.cluster.isolation, acts }))
  say('')
  say(
    failed.length === 0
      ? `All ${checks.length} statements are true (${seconds} s).`
      : `${failed.length} of ${checks.length} statements are NOT true (${seconds} s).`,
  )
  if (failed.length > 0) context.exitCode = exitCode.failed
  if (options.keep === true) {
    context.runsUntilStopped = true
    note(context, `The cluster goes on until Ctrl-C: export KUBECONFIG=${kubeconfig}`)
    await aborted(context.signal)
  }
}
