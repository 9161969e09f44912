import type { Command } from 'commander'
import { undoTarget } from '../../servers/revision/history.ts'
import { clusterCommand, wholeNumber, withConnection } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import { type CliContext, print } from '../context.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { openRollout } from './rollout.ts'

interface UndoOptions extends ConnectionOptions {
  readonly toRevision?: number
  readonly dryRun?: boolean
}

export function addRolloutUndoCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'undo <set>',
    summary: 'Go back to an earlier template',
    examples: [
      'berth rollout undo minecraft                    # to the one before',
      'berth rollout undo minecraft --to-revision 3    # see: berth rollout history minecraft',
      'berth rollout undo fleet/rooms                  # of a Fleet of Agones',
    ],
  })
    .option('--to-revision <number>', 'number of the revision; default: the one before the newest', wholeNumber)
    .option('--dry-run', 'let the server check without storing')
    .action((name: string, options: UndoOptions) =>
      withConnection(context, options, async connection => {
        const rollout = await openRollout(context, connection, name)
        const revisions = (await rollout.revisions()).map(({ stored }) => stored)
        const known = revisions.map(({ metadata, revision }) => ({ id: metadata.name, number: revision }))
        // 0 is "the one before", as in kubectl.
        const target = undoTarget(known, options.toRevision === 0 ? undefined : options.toRevision)
        const found = revisions.find(({ metadata }) => metadata.name === target?.id)
        if (found === undefined) throw new CliError(exitCode.notFound, nothingThere(rollout.name, known, options.toRevision))
        const label = `${rollout.name}: revision ${found.revision} (${found.metadata.name})`
        const isChanged = await rollout.undoTo(found, options.dryRun === true)
        if (!isChanged) print(context, `${label} is what the ${rollout.kind === 'Fleet' ? 'Fleet' : 'set'} asks for already`)
        else print(context, `${label} is wanted again${options.dryRun === true ? ' (server dry run)' : ''}`)
      }),
    )
}

function nothingThere(set: string, stored: readonly { readonly number: number }[], asked: number | undefined): string {
  if (asked === undefined || asked === 0) return `${set} has no earlier revision to go back to`
  return `${set} has no revision ${asked}; there are: ${
    stored
      .map(({ number }) => number)
      .toSorted((one, other) => one - other)
      .join(', ') || 'none'
  }`
}
