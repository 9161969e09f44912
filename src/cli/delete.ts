import { Option, type Command } from 'commander'
import { isNotFound } from '../kube/api-error.ts'
import type { DeleteOptions, ObjectRef } from '../kube/client.ts'
import { placeInNamespace } from './apply.ts'
import { clusterCommand, collect, timeSpan, wholeNumber, withConnection } from './command.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import { type CliContext, print } from './context.ts'
import { objectName, type ServedKind } from './discovery.ts'
import { CliError, exitCode, usageError } from './exit-code.ts'
import { readManifests } from './manifest.ts'
import { parseTargets, refOf } from './targets.ts'
import { waitUntil } from './wait-until.ts'

interface DeleteCommandOptions extends ConnectionOptions {
  readonly filename?: readonly string[]
  readonly recursive?: boolean
  readonly selector?: string
  readonly all?: boolean
  readonly cascade: 'background' | 'foreground' | 'orphan'
  readonly gracePeriod?: number
  readonly ignoreNotFound?: boolean
  readonly wait: boolean
  readonly timeout: number
}

interface Doomed {
  readonly kind: ServedKind
  readonly ref: ObjectRef
}

const policies = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan' } as const

export function addDeleteCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'delete [kind] [names...]',
    summary: 'Delete objects',
    examples: [
      'berth delete gss minecraft        # a set with all its servers',
      'berth delete pod minecraft-1      # one server; it comes back, in the current version',
      'berth delete -f game.yaml         # what a file describes',
    ],
  })
    .option('-f, --filename <file>', 'file, folder, or - for standard input; may be repeated', collect)
    .option('-R, --recursive', 'also the folders below')
    .option('-l, --selector <labels>', 'all objects with these labels')
    .option('--all', 'all objects of the kind in the namespace')
    .addOption(new Option('--cascade <how>', 'what becomes of what the object owns').choices(Object.keys(policies)).default('background'))
    .option('--grace-period <seconds>', 'seconds the object may take to end', wholeNumber)
    .option('--ignore-not-found', 'succeed even when there is nothing to delete')
    .option('--no-wait', 'do not wait until the objects are gone')
    .option('--timeout <span>', 'how long to wait; 0 for ever', timeSpan, 0)
    .action((kind: string | undefined, names: string[], options: DeleteCommandOptions) =>
      withConnection(context, options, async connection => {
        const words = kind === undefined ? [] : [kind, ...names]
        if ((options.filename === undefined) === (words.length === 0))
          throw usageError('name either objects (KIND NAME) or files (-f FILE)')
        const doomed =
          options.filename === undefined ? await named(context, connection, words, options) : await described(context, connection, options)
        const going = await deleteAll(context, connection, doomed, options)
        if (options.wait) for (const one of going) await untilGone(context, connection, one, options.timeout)
      }),
    )
}

async function named(
  { signal }: CliContext,
  connection: Connection,
  words: readonly string[],
  options: DeleteCommandOptions,
): Promise<Doomed[]> {
  const doomed: Doomed[] = []
  for (const { kind, names } of await parseTargets(connection, words)) {
    if (names.length > 0) {
      for (const name of names) doomed.push({ kind, ref: refOf(connection, kind, name) })
      continue
    }
    if (options.selector === undefined && options.all !== true) throw usageError('name the objects to delete, or give --selector or --all')
    const labelSelector = options.selector === undefined ? {} : { labelSelector: options.selector }
    const { items } = await connection.client.list(kind.type, { namespace: connection.namespace, ...labelSelector, signal })
    for (const { metadata } of items) doomed.push({ kind, ref: refOf(connection, kind, metadata.name) })
  }
  return doomed
}

async function described(context: CliContext, connection: Connection, options: DeleteCommandOptions): Promise<Doomed[]> {
  const doomed: Doomed[] = []
  for (const manifest of await readManifests(context, options.filename ?? [], options.recursive)) {
    placeInNamespace(connection, manifest)
    const { apiVersion, kind: kindName, metadata } = manifest.object
    const kind = await connection.discovery.of(apiVersion, kindName)
    // A kind that is not served has no objects.
    if (kind === undefined && options.ignoreNotFound === true) continue
    if (kind === undefined)
      throw new CliError(exitCode.notFound, `${manifest.source}: the server does not serve ${kindName} in ${apiVersion}`)
    const namespace = kind.type.namespaced ? { namespace: metadata.namespace ?? connection.namespace } : {}
    doomed.push({ kind, ref: { name: metadata.name ?? '', ...namespace } })
  }
  // The reverse of how they were made: definitions of kinds and namespaces last.
  return doomed.toReversed()
}

async function deleteAll(
  context: CliContext,
  { client }: Connection,
  doomed: readonly Doomed[],
  options: DeleteCommandOptions,
): Promise<(Doomed & { readonly uid: string })[]> {
  const going: (Doomed & { readonly uid: string })[] = []
  const how: DeleteOptions = {
    propagationPolicy: policies[options.cascade],
    signal: context.signal,
    ...(options.gracePeriod === undefined ? {} : { gracePeriodSeconds: options.gracePeriod }),
  }
  let missing: unknown
  for (const one of doomed) {
    try {
      const { uid } = (await client.get(one.kind.type, one.ref, { signal: context.signal })).metadata
      await client.delete(one.kind.type, one.ref, how)
      going.push({ ...one, uid })
      print(context, `${objectName(one.kind, one.ref.name)} deleted`)
    } catch (error) {
      if (!isNotFound(error)) throw error
      missing ??= error
    }
  }
  if (missing !== undefined && options.ignoreNotFound !== true) throw missing
  return going
}

async function untilGone(
  context: CliContext,
  { client }: Connection,
  one: Doomed & { readonly uid: string },
  timeoutMs: number,
): Promise<void> {
  const describe = (): string => `${objectName(one.kind, one.ref.name)} is still there`
  await waitUntil(context, { timeoutMs, everyMs: 250, describe }, async () => {
    try {
      const { metadata } = await client.get(one.kind.type, one.ref, { signal: context.signal })
      return metadata.uid === one.uid ? undefined : true
    } catch (error) {
      if (isNotFound(error)) return true
      throw error
    }
  })
}
