import type { Command } from 'commander'
import { clusterCommand, timeSpan, withConnection } from '../command.ts'
import type { Connection, ConnectionOptions } from '../connection.ts'
import { type CliContext, note, print } from '../context.ts'
import { eventsAbout } from '../events.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { formatObject, outputOption } from '../output.ts'
import { createProgressDisplay, progressLines } from './progress-display.ts'
import { rolloutProgress, type RolloutProgress } from './progress.ts'
import { readSet, readView, watchView } from './view.ts'

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
      'berth rollout status minecraft --no-watch       # looks once (exit code 1 when not done)',
    ],
  })
    .option('-w, --watch', 'wait until it is done, and print what happens', true)
    .option('--no-watch', 'look once')
    .option('--timeout <span>', 'how long to wait; 0 for ever', timeSpan, 0)
    .addOption(outputOption(['json', 'yaml']))
    .action((set: string, options: StatusOptions) =>
      withConnection(context, options, connection =>
        options.watch ? watchStatus(context, connection, set, options) : lookOnce(context, connection, set, options),
      ),
    )
}

async function lookOnce(context: CliContext, connection: Connection, set: string, { output }: StatusOptions): Promise<void> {
  const progress = rolloutProgress(await readView(context, connection, set))
  if (output === undefined) for (const line of progressLines(set, progress)) print(context, line)
  else context.stdout.write(formatObject(progress, output))
  if (!progress.isDone) context.exitCode = exitCode.failed
}

async function watchStatus(context: CliContext, connection: Connection, asked: string, { timeout, output }: StatusOptions): Promise<void> {
  const { clock, signal } = context
  // Watches go on trying whatever happens, so what is wrong from the start has to show before.
  const set = (await readSet(context, connection, asked)).metadata.name
  const display = output === undefined ? createProgressDisplay(context.stdout, set) : undefined
  const late = new AbortController()
  using _timer = timeout === 0 ? undefined : clock.after(timeout, () => late.abort())
  let progress: RolloutProgress | undefined
  try {
    for await (const view of watchView({ clock, signal: AbortSignal.any([signal, late.signal]) }, connection, set)) {
      if (view === undefined) throw new CliError(exitCode.notFound, `the game server set ${set} has been deleted`)
      progress = rolloutProgress(view)
      display?.show(progress)
      if (progress.isDone) break
    }
  } catch (error) {
    if (!late.signal.aborted) throw error
  }
  signal.throwIfAborted()
  progress ??= rolloutProgress(await readView(context, connection, set))
  display?.end(progress)
  if (output !== undefined) context.stdout.write(formatObject(progress, output))
  if (progress.isDone) return
  await sayWhyNot(context, connection, set, progress)
  context.exitCode = exitCode.timeout
}

/** The end of patience: the last warnings about the set and about servers that are not done. */
async function sayWhyNot(context: CliContext, connection: Connection, set: string, progress: RolloutProgress): Promise<void> {
  note(context, `berth: ${set} is not done in time`)
  const late = progress.servers.filter(({ stage }) => stage !== 'done' && stage !== 'kept').slice(0, 5)
  const { namespace } = connection
  const about = [
    { kind: 'GameServerSet', name: set, namespace },
    ...late.flatMap(({ server }) => ['GameServer', 'Pod'].map(kind => ({ kind, name: server, namespace }))),
  ]
  for (const subject of about) {
    const events = await eventsAbout(context, connection, subject).catch(() => [])
    const last = events.findLast(({ type }) => type === 'Warning')
    if (last !== undefined) note(context, `  ${subject.kind} ${subject.name}: ${last.reason ?? ''}: ${last.message ?? ''}`)
  }
}
