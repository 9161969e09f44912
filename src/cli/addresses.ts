import type { Command } from 'commander'
import { gameServerSets } from '../apis/game.kruise.io/game-server-set.ts'
import { gameServers } from '../apis/game.kruise.io/game-server.ts'
import { labels } from '../apis/game.kruise.io/labels.ts'
import { keyOf, type ObjectKey } from '../kube/object.ts'
import { clusterCommand, withConnection } from './command.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import { type CliContext, note, print } from './context.ts'
import { formatObject, type OutputFormat, outputOption } from './output.ts'
import { byServer, type ServerAddresses, serverAddresses } from './server-addresses.ts'
import { TextTable } from './text-table.ts'

interface AddressesOptions extends ConnectionOptions {
  readonly allNamespaces?: boolean
  readonly output?: Exclude<OutputFormat, 'name'>
  readonly headers: boolean
  readonly watch?: boolean
}

export function addAddressesCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'addresses [set]',
    summary: 'Show the address of every game server',
    examples: [
      'berth addresses                    # all servers of the namespace',
      'berth addresses minecraft -w       # of one set; go on and print changes',
      "berth addresses minecraft -o json | jq -r '.[].endpoints[].external'",
    ],
  })
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('-w, --watch', 'go on and print changes')
    .option('--no-headers', 'without the line of headings')
    .addOption(outputOption(['json', 'yaml', 'wide']))
    .action((set: string | undefined, options: AddressesOptions) =>
      withConnection(context, options, connection => showAddresses(context, connection, set, options)),
    )
}

async function showAddresses(
  context: CliContext,
  connection: Connection,
  set: string | undefined,
  options: AddressesOptions,
): Promise<void> {
  const { signal } = context
  const where = {
    ...(options.allNamespaces === true ? {} : { namespace: connection.namespace }),
    ...(set === undefined ? {} : { labelSelector: `${labels.ownerSet}=${set}` }),
  }
  const list = await connection.client.list(gameServers, { ...where, signal })
  const servers = list.items.map(serverAddresses).toSorted(byServer)
  if (servers.length === 0 && set !== undefined && options.allNamespaces !== true) {
    // Tells a set without servers from one that does not exist.
    await connection.client.get(gameServerSets, { namespace: connection.namespace, name: set }, { signal })
  }
  if (options.output === 'json' || options.output === 'yaml') {
    context.stdout.write(formatObject(servers, options.output))
    return
  }
  if (servers.length === 0 && options.watch !== true) {
    note(context, `No game servers${options.allNamespaces === true ? '' : ` in namespace ${connection.namespace}`}.`)
    return
  }
  const table = new AddressTable(options)
  if (servers.length > 0) for (const line of table.lines(servers)) print(context, line)
  if (options.watch === true) await watchAddresses(context, connection, where, servers, list.metadata.resourceVersion, table)
}

/** Prints the rows of a server whenever they change. */
async function watchAddresses(
  context: CliContext,
  { client }: Connection,
  where: { namespace?: string; labelSelector?: string },
  known: readonly ServerAddresses[],
  from: string,
  table: AddressTable,
): Promise<void> {
  const shown = new Map<ObjectKey, string>(
    known.map(server => [keyOf({ metadata: { name: server.server, namespace: server.namespace } }), JSON.stringify(server)]),
  )
  let resourceVersion: string | undefined = from
  while (!context.signal.aborted) {
    const version: { resourceVersion?: string } = resourceVersion === undefined ? {} : { resourceVersion }
    for await (const event of client.watch(gameServers, { ...where, ...version, signal: context.signal })) {
      if (event.type === 'ERROR') {
        resourceVersion = undefined
        break
      }
      resourceVersion = event.object.metadata.resourceVersion
      if (event.type === 'BOOKMARK') continue
      const key = keyOf(event.object)
      const server =
        event.type === 'DELETED' ? { ...serverAddresses(event.object), state: 'Gone', endpoints: [] } : serverAddresses(event.object)
      const text = JSON.stringify(server)
      if (shown.get(key) === text) continue
      if (event.type === 'DELETED') shown.delete(key)
      else shown.set(key, text)
      for (const line of table.lines([server])) print(context, line)
    }
  }
}

/** One row per endpoint; a server without one has one row all the same. */
export class AddressTable {
  readonly #wide: boolean
  readonly #namespaces: boolean
  readonly #table: TextTable

  constructor({ output, allNamespaces, headers }: Partial<AddressesOptions> = {}) {
    this.#wide = output === 'wide'
    this.#namespaces = allNamespaces === true
    const headings = ['SERVER', 'STATE', 'PORT', 'PROTOCOL', 'EXTERNAL', 'INTERNAL']
    const more = this.#wide ? ['SET', 'OPSSTATE', 'NETWORK', 'NETWORK STATE', 'NODE'] : []
    this.#table = new TextTable([...(this.#namespaces ? ['NAMESPACE'] : []), ...headings, ...more], { headings: headers !== false })
  }

  lines(servers: readonly ServerAddresses[]): string[] {
    return this.#table.lines(servers.flatMap(server => this.#rows(server)))
  }

  #rows(server: ServerAddresses): string[][] {
    const endpoints = server.endpoints.length === 0 ? [{ name: '', protocol: '', external: '', internal: '' }] : server.endpoints
    return endpoints.map(({ name, protocol, external, internal }) => [
      ...(this.#namespaces ? [server.namespace] : []),
      server.server,
      server.state,
      orNone(name),
      orNone(protocol),
      external === '' && server.network !== 'None' ? '<pending>' : orNone(external),
      orNone(internal),
      ...(this.#wide ? [server.set, server.opsState, server.network, orNone(server.networkState), orNone(server.node)] : []),
    ])
  }
}

function orNone(text: string): string {
  return text === '' ? '<none>' : text
}
