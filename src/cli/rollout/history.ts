import type { Command } from 'commander'
import { stringify } from 'yaml'
import { pods } from '../../apis/core/resources.generated.ts'
import type { ControllerRevision, PodTemplateSpec } from '../../apis/core/types.generated.ts'
import { labels } from '../../apis/game.kruise.io/labels.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { ageSince } from '../age.ts'
import { clusterCommand, wholeNumber, withConnection } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import { type CliContext, note, print } from '../context.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { formatObject, outputOption } from '../output.ts'
import { textTable } from '../text-table.ts'
import { readRevisions, readSet } from './view.ts'

interface HistoryOptions extends ConnectionOptions {
  readonly revision?: number
  readonly output?: 'json' | 'yaml'
}

export function addRolloutHistoryCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'history <set>',
    summary: 'List the templates a set has had, and how many servers run each',
    examples: ['berth rollout history minecraft', 'berth rollout history minecraft --revision 2   # that template in full'],
  })
    .option('--revision <number>', 'show this one in full', wholeNumber)
    .addOption(outputOption(['json', 'yaml']))
    .action((name: string, options: HistoryOptions) =>
      withConnection(context, options, async connection => {
        const set = await readSet(context, connection, name)
        const revisions = await readRevisions(context, connection, set)
        if (options.revision !== undefined) {
          const found = revisions.find(({ revision }) => revision === options.revision)
          if (found === undefined) throw new CliError(exitCode.notFound, `${name} has no revision ${options.revision}`)
          context.stdout.write(
            options.output === undefined ? stringify(templateOf(found), { lineWidth: 0 }) : formatObject(found, options.output),
          )
          return
        }
        if (options.output !== undefined) {
          context.stdout.write(formatObject({ apiVersion: 'v1', kind: 'List', items: revisions }, options.output))
          return
        }
        if (revisions.length === 0) {
          note(context, `${name} has no revisions yet.`)
          return
        }
        const { items } = await connection.client.list(pods, {
          namespace: connection.namespace,
          labelSelector: `${labels.ownerSet}=${set.metadata.name}`,
          signal: context.signal,
        })
        const running = (id: string): number => items.filter(({ metadata }) => metadata.labels?.[labels.revision] === id).length
        const rows = revisions.map(revision => [
          String(revision.revision),
          revision.metadata.name,
          String(running(revision.metadata.name)),
          ageSince(revision.metadata.creationTimestamp, context.clock.now()),
          (templateOf(revision)?.spec?.containers ?? []).map(({ name: container, image = '' }) => `${container}=${image}`).join(','),
        ])
        for (const line of textTable(['REVISION', 'NAME', 'SERVERS', 'AGE', 'IMAGES'], rows)) print(context, line)
      }),
    )
}

function templateOf({ data }: DeepReadonly<ControllerRevision>): DeepReadonly<PodTemplateSpec> | undefined {
  const template = (data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined)?.spec?.template
  if (template === undefined) return undefined
  const { $patch: _marker, ...rest } = template
  return rest
}
