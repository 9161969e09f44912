import type { Command } from 'commander'
import { clusterCommand, timeSpan, withConnection } from '../command.ts'
import type { Connection, ConnectionOptions } from '../connection.ts'
import { type CliContext, note, print } from '../context.ts'
import { eventsAbout } from '../events.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { formatObject, outputOption } from '../output.ts'
import { createProgressDisplay, progressLines } from './progress-display.ts'
import type { RolloutProgress } from './progress.ts'
import { openRollout, type Rollout } from './rollout.ts'

interface StatusOptions extends ConnectionOptions {
  readonly watch: boolean
  readonly timeout: number
  readonly output?: 'json' | 'yaml'
}

export function addRolloutStatusCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'status <set>',
    summary: 'Show how far a change has come, and why it is not done',
    examples: [
      'berth rollout status minecraft                  # waits until it is done',
      'berth rollout status minecraft --timeout 5m     # but no longer (exit code 124)',
      'berth rollout status fleet/rooms                # a Fleet of Agones; servers in use keep their version, and are not waited for',
      'berth rollout status minecraft --no-watch       # looks once (exit code 1 when not done)',
    ],
  })
    .option('-w, --watch', 'wait until it is done, and print what happens', true)
    .option('--no-watch', 'look once')
    .option('--timeout <span>', 'how long to wait; 0 for ever', timeSpan, 0)
    .addOption(outputOption(['json', 'yaml']))
    .action((asked: string, options: StatusOptions) =>
      withConnection(context, options, async connection => {
        // Watches go on trying whatever happens, so what is wrong from the start has to show before.
        const rollout = await openRollout(context, connection, asked)
        return options.watch ? watchStatus(context, connection, rollout, options) : lookOnce(context, rollout, options)
      }),
    )
}

async function lookOnce(context: CliContext, rollout: Rollout, { output }: StatusOptions): Promise<void> {
  const progress = await rollout.progress()
  if (output === undefined) for (const line of progressLines(rollout.name, progress)) print(context, line)
  else context.stdout.write(formatObject(progress, output))
  if (!progress.isDone) context.exitCode = exitCode.failed
}

async function watchStatus(context: CliContext, connection: Connection, rollout: Rollout, options: StatusOptions): Promise<void> {
  const { clock, signal } = context
  const { timeout, output } = options
  const { name, called } = rollout
  const display = output === undefined ? createProgressDisplay(context.stdout, name) : undefined
  const late = new AbortController()
  using _timer = timeout === 0 ? undefined : clock.after(timeout, () => late.abort())
  let progress: RolloutProgress | undefined
  try {
    for await (const seen of rollout.watch({ clock, signal: AbortSignal.any([signal, late.signal]) })) {
      if (seen === undefined) throw new CliError(exitCode.notFound, `${called} ${name} has been deleted`)
      progress = seen
      display?.show(progress)
      if (progress.isDone) break
    }
  } catch (error) {
    if (!late.signal.aborted) throw error
  }
  signal.throwIfAborted()
  progress ??= await rollout.progress()
  display?.end(progress)
  if (output !== undefined) context.stdout.write(formatObject(progress, output))
  if (progress.isDone) return
  await sayWhyNot(context, connection, rollout, progress)
  context.exitCode = exitCode.timeout
}

/** The end of patience: the last warnings about the set and about servers that are not done. */
async function sayWhyNot(context: CliContext, connection: Connection, { kind, name }: Rollout, progress: RolloutProgress): Promise<void> {
  note(context, `berth: ${name} is not done in time`)
  const late = progress.servers.filter(({ stage }) => stage !== 'done' && stage !== 'kept').slice(0, 5)
  const { namespace } = connection
  const about = [
    { kind, name, namespace },
    ...late.flatMap(({ server }) => ['GameServer', 'Pod'].map(kindOfServer => ({ kind: kindOfServer, name: server, namespace }))),
  ]
  for (const subject of about) {
    const events = await eventsAbout(context, connection, subject).catch(() => [])
    const last = events.findLast(({ type }) => type === 'Warning')
    if (last !== undefined) note(context, `  ${subject.kind} ${subject.name}: ${last.reason ?? ''}: ${last.message ?? ''}`)
  }
}
