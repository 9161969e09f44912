import { isDeepStrictEqual } from 'node:util'
import type { Command } from 'commander'
import { annotations } from '../../apis/game.kruise.io/annotations.ts'
import { gameServerSets, type GameServerSet } from '../../apis/game.kruise.io/game-server-set.ts'
import type { ControllerRevision, PodTemplateSpec } from '../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import { undoTarget } from '../../servers/revision/history.ts'
import { clusterCommand, wholeNumber, withConnection } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import { type CliContext, print } from '../context.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { readRevisions, readSet } from './view.ts'

interface UndoOptions extends ConnectionOptions {
  readonly toRevision?: number
  readonly dryRun?: boolean
}

/** One operation of a JSON patch. */
type Operation =
  | { readonly op: 'test' | 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

export function addRolloutUndoCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'undo <set>',
    summary: 'Go back to an earlier template',
    examples: [
      'berth rollout undo minecraft                    # to the one before',
      'berth rollout undo minecraft --to-revision 3    # see: berth rollout history minecraft',
    ],
  })
    .option('--to-revision <number>', 'number of the revision; default: the one before the newest', wholeNumber)
    .option('--dry-run', 'let the server check without storing')
    .action((name: string, options: UndoOptions) =>
      withConnection(context, options, async connection => {
        const set = await readSet(context, connection, name)
        const revisions = await readRevisions(context, connection, set)
        const stored = revisions.map(({ metadata, revision }) => ({ id: metadata.name, number: revision }))
        // 0 is "the one before", as in kubectl.
        const target = undoTarget(stored, options.toRevision === 0 ? undefined : options.toRevision)
        const found = revisions.find(({ metadata }) => metadata.name === target?.id)
        if (found === undefined) throw new CliError(exitCode.notFound, nothingThere(set.metadata.name, stored, options.toRevision))
        const patch = undoPatch(set, found)
        const label = `${set.metadata.name}: revision ${found.revision} (${found.metadata.name})`
        if (patch.length === 0) {
          print(context, `${label} is what the set asks for already`)
          return
        }
        const ref = { namespace: connection.namespace, name: set.metadata.name }
        await connection.client.patch(gameServerSets, ref, patch, { type: 'json', dryRun: options.dryRun === true, signal: context.signal })
        print(context, `${label} is wanted again${options.dryRun === true ? ' (server dry run)' : ''}`)
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

/**
 * What brings the stored template back: the pod's spec, its labels and annotations, and the network parameters that were in
 * force with it. Empty when they are in force already. Fails at the server when the set's spec has changed meanwhile.
 */
export function undoPatch(set: DeepReadonly<GameServerSet>, revision: DeepReadonly<ControllerRevision>): Operation[] {
  const stored = (revision.data as { spec?: { template?: PodTemplateSpec } } | undefined)?.spec?.template
  if (stored?.spec === undefined) throw new CliError(exitCode.failed, `the revision ${revision.metadata.name} holds no template`)
  const current = set.spec.gameServerTemplate
  const { [annotations.networkType]: networkType, [annotations.networkConf]: networkConf, ...own } = stored.metadata?.annotations ?? {}
  const metadata = withoutEmpty({ ...stored.metadata, annotations: own })
  const operations: Operation[] = []
  if (!isDeepStrictEqual(stored.spec, current.spec))
    operations.push({ op: 'replace', path: '/spec/gameServerTemplate/spec', value: stored.spec })
  if (!isDeepStrictEqual(metadata, withoutEmpty({ ...current.metadata }))) {
    const path = '/spec/gameServerTemplate/metadata'
    operations.push(Object.keys(metadata).length === 0 ? { op: 'remove', path } : { op: 'add', path, value: metadata })
  }
  if (networkConf !== undefined && set.spec.network?.networkType === networkType) {
    const parameters = (JSON.parse(networkConf) as NonNullable<GameServerSet['spec']['network']>['networkConf'] | null) ?? []
    if (!isDeepStrictEqual(parameters, set.spec.network?.networkConf ?? []))
      operations.push({ op: 'add', path: '/spec/network/networkConf', value: parameters })
  }
  if (operations.length > 0 && set.metadata.generation !== undefined) {
    operations.unshift({ op: 'test', path: '/metadata/generation', value: set.metadata.generation })
  }
  return operations
}

function withoutEmpty(metadata: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata).filter(
      ([, value]) => value !== undefined && value !== null && !(typeof value === 'object' && Object.keys(value).length === 0),
    ),
  )
}
