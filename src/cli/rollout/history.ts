import type { Command } from 'commander'
import { stringify } from 'yaml'
import { ageSince } from '../age.ts'
import { clusterCommand, wholeNumber, withConnection } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import { type CliContext, note, print } from '../context.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { formatObject, outputOption } from '../output.ts'
import { textTable } from '../text-table.ts'
import { openRollout } from './rollout.ts'

interface HistoryOptions extends ConnectionOptions {
  readonly revision?: number
  readonly output?: 'json' | 'yaml'
}

export function addRolloutHistoryCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'history <set>',
    summary: 'List the templates a set has had, and how many servers run each',
    examples: [
      'berth rollout history minecraft',
      'berth rollout history minecraft --revision 2   # that template in full',
      'berth rollout history fleet/rooms',
    ],
  })
    .option('--revision <number>', 'show this one in full', wholeNumber)
    .addOption(outputOption(['json', 'yaml']))
    .action((name: string, options: HistoryOptions) =>
      withConnection(context, options, async connection => {
        const rollout = await openRollout(context, connection, name)
        const revisions = await rollout.revisions()
        if (options.revision !== undefined) {
          const found = revisions.find(({ stored }) => stored.revision === options.revision)
          if (found === undefined) throw new CliError(exitCode.notFound, `${name} has no revision ${options.revision}`)
          context.stdout.write(
            options.output === undefined ? stringify(found.template, { lineWidth: 0 }) : formatObject(found.stored, options.output),
          )
          return
        }
        if (options.output !== undefined) {
          const items = revisions.map(({ stored }) => stored)
          context.stdout.write(formatObject({ apiVersion: 'v1', kind: 'List', items }, options.output))
          return
        }
        if (revisions.length === 0) {
          note(context, `${name} has no revisions yet.`)
          return
        }
        const rows = revisions.map(({ stored: { revision, metadata }, containers, servers }) => [
          String(revision),
          metadata.name,
          String(servers),
          ageSince(metadata.creationTimestamp, context.clock.now()),
          containers.map(({ name: container, image = '' }) => `${container}=${image}`).join(','),
        ])
        for (const line of textTable(['REVISION', 'NAME', 'SERVERS', 'AGE', 'IMAGES'], rows)) print(context, line)
      }),
    )
}
