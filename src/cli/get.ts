import type { Command } from 'commander'
import { queryString } from '../kube/query.ts'
import { resourcePath } from '../kube/resource.ts'
import { clusterCommand, withConnection } from './command.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import { type CliContext, note, print } from './context.ts'
import { objectName, type ServedKind } from './discovery.ts'
import { formatObject, type OutputFormat, outputOption } from './output.ts'
import { asTable, type ServerTable, TableRenderer } from './server-table.ts'
import { parseTargets, refOf, type Target } from './targets.ts'

interface GetOptions extends ConnectionOptions {
  readonly allNamespaces?: boolean
  readonly selector?: string
  readonly fieldSelector?: string
  readonly watch?: boolean
  readonly output?: OutputFormat
  readonly headers: boolean
  readonly ignoreNotFound?: boolean
}

export function addGetCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'get [kind] [names...]',
    summary: 'List objects',
    examples: [
      'berth get                        # game server sets and their servers',
      'berth get gss                    # game server sets',
      'berth get gs -l game.kruise.io/owner-gss=minecraft -w',
      'berth get pod minecraft-0 -o yaml',
      'berth get all -A                 # sets, servers, pods and services of all namespaces',
    ],
  })
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('-l, --selector <labels>', 'only objects with these labels: a=b, a in (x,y), !a')
    .option('--field-selector <fields>', 'only objects with these fields: status.phase=Running')
    .option('-w, --watch', 'go on and print changes')
    .option('--no-headers', 'without the line of headings')
    .option('--ignore-not-found', 'succeed even when the named object does not exist')
    .addOption(outputOption())
    .action((kind: string | undefined, names: string[], options: GetOptions) =>
      withConnection(context, options, async connection => {
        const words = kind === undefined ? ['gameserversets.game.kruise.io,gameservers.game.kruise.io'] : [kind, ...names]
        const targets = await parseTargets(connection, words)
        const { output } = options
        if (output === 'json' || output === 'yaml' || output === 'name') await printObjects(context, connection, targets, options, output)
        else await printTables(context, connection, targets, options)
      }),
    )
}

async function printObjects(
  context: CliContext,
  connection: Connection,
  targets: readonly Target[],
  options: GetOptions,
  output: 'json' | 'yaml' | 'name',
): Promise<void> {
  const found: { readonly kind: ServedKind; readonly object: { readonly metadata: { readonly name: string } } }[] = []
  for (const { kind, names } of targets) {
    if (names.length > 0) {
      for (const name of names) {
        const object = await connection.client.get(kind.type, refOf(connection, kind, name), context).catch(orMissing(options))
        if (object !== undefined) found.push({ kind, object })
      }
    } else {
      const { items } = await connection.client.list(kind.type, { ...selection(connection, kind, options), signal: context.signal })
      for (const object of items) found.push({ kind, object })
    }
  }
  if (output === 'name') {
    for (const { kind, object } of found) print(context, objectName(kind, object.metadata.name))
    return
  }
  const [first] = found
  const isOne = first !== undefined && found.length === 1 && targets[0]?.names.length === 1
  const list = { apiVersion: 'v1', kind: 'List', items: found.map(({ object }) => object), metadata: { resourceVersion: '' } }
  context.stdout.write(formatObject(isOne ? first.object : list, output))
}

async function printTables(context: CliContext, connection: Connection, targets: readonly Target[], options: GetOptions): Promise<void> {
  const view = {
    wide: options.output === 'wide',
    namespaces: options.allNamespaces === true,
    headings: options.headers,
    kinds: targets.length > 1,
  }
  let printed = 0
  const watches: (() => Promise<void>)[] = []
  for (const { kind, names } of targets) {
    const tables: ServerTable[] = []
    for (const name of names.length === 0 ? [undefined] : names) {
      const table = await readTable(context, connection, kind, name, options).catch(orMissing(options))
      if (table !== undefined) tables.push(table)
    }
    const [first = {}] = tables
    const rows = tables.flatMap(table => table.rows ?? [])
    const renderer = new TableRenderer(kind, view)
    if (rows.length > 0) {
      if (printed > 0) print(context, '')
      for (const line of renderer.lines({ ...first, rows })) print(context, line)
      printed += 1
    }
    watches.push(() => watchTable(context, connection, { kind, names }, first, options, renderer))
  }
  if (options.watch === true) await Promise.all(watches.map(watch => watch()))
  else if (printed === 0 && options.ignoreNotFound !== true) {
    note(context, `No resources found${options.allNamespaces === true ? '' : ` in ${connection.namespace} namespace`}.`)
  }
}

async function readTable(
  { signal }: CliContext,
  connection: Connection,
  kind: ServedKind,
  name: string | undefined,
  options: GetOptions,
): Promise<ServerTable> {
  const { namespace, ...selectors } = selection(connection, kind, options)
  const path = resourcePath(kind.type, name === undefined ? namespace : kind.type.namespaced ? connection.namespace : undefined, name)
  return (await connection.client.raw(path + (name === undefined ? queryString({ ...selectors }) : ''), {
    accept: asTable,
    signal,
  })) as ServerTable
}

/** Prints a line per change until interrupted. The server sends the columns with the first change only. */
async function watchTable(
  context: CliContext,
  connection: Connection,
  { kind, names }: Target,
  start: ServerTable,
  options: GetOptions,
  renderer: TableRenderer,
): Promise<void> {
  const { namespace, ...selectors } = selection(connection, kind, options)
  const path = resourcePath(kind.type, namespace)
  const fieldSelector = names.length === 1 ? `metadata.name=${names[0]}` : selectors.fieldSelector
  let { columnDefinitions } = start
  let resourceVersion = start.metadata?.resourceVersion
  while (!context.signal.aborted) {
    const query = queryString({ ...selectors, fieldSelector, watch: true, allowWatchBookmarks: true, resourceVersion })
    for await (const line of connection.client.lines(path + query, { accept: asTable, signal: context.signal })) {
      const { type, object } = line as { type: string; object: ServerTable }
      if (type === 'ERROR') {
        resourceVersion = undefined
        break
      }
      if (object.kind !== 'Table') continue
      if ((object.columnDefinitions ?? []).length > 0) columnDefinitions = object.columnDefinitions
      resourceVersion = rowVersion(object) ?? resourceVersion
      const rows = (object.rows ?? []).filter(row => names.length < 2 || names.includes(row.object?.metadata?.name ?? ''))
      if (type === 'BOOKMARK' || rows.length === 0) continue
      const table = { rows, ...(columnDefinitions === undefined ? {} : { columnDefinitions }) }
      for (const text of renderer.lines(table)) print(context, text)
    }
  }
}

function rowVersion(table: ServerTable): string | undefined {
  return (
    table.rows?.[0]?.object?.metadata?.resourceVersion ??
    (table.metadata?.resourceVersion === '' ? undefined : table.metadata?.resourceVersion)
  )
}

function selection(
  connection: Connection,
  { type }: ServedKind,
  options: GetOptions,
): { namespace?: string; labelSelector?: string; fieldSelector?: string } {
  return {
    ...(type.namespaced && options.allNamespaces !== true ? { namespace: connection.namespace } : {}),
    ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  }
}

function orMissing(options: GetOptions): (error: unknown) => undefined {
  return error => {
    if (options.ignoreNotFound === true && error instanceof Error && 'reason' in error && error.reason === 'NotFound') return undefined
    throw error
  }
}
