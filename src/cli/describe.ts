import type { Command } from 'commander'
import { stringify } from 'yaml'
import { isNotFound } from '../kube/api-error.ts'
import type { DeepReadonly, KubeObject } from '../kube/object.ts'
import { ageSince } from './age.ts'
import { clusterCommand, withConnection } from './command.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import { type CliContext, print } from './context.ts'
import type { ServedKind } from './discovery.ts'
import { usageError } from './exit-code.ts'
import { eventLines, eventsAbout, timeOf } from './events.ts'
import { parseTargets, refOf } from './targets.ts'
import { textTable } from './text-table.ts'

interface Condition {
  type?: string
  status?: string
  reason?: string
  message?: string
  lastTransitionTime?: string | null
}

/** Any object, as far as describing it goes. */
type Described = DeepReadonly<KubeObject & { status?: { conditions?: Condition[] } & Record<string, unknown> } & Record<string, unknown>>

export function addDescribeCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'describe <kind> [names...]',
    summary: 'Show objects in full, with conditions and events',
    examples: [
      'berth describe gss minecraft',
      'berth describe gs minecraft-0      # with the events of its pod',
      'berth describe pod/minecraft-0',
    ],
  })
    .option('--no-events', 'without events')
    .action((kind: string, names: string[], options: ConnectionOptions & { readonly events: boolean }) =>
      withConnection(context, options, async connection => {
        const targets = await parseTargets(connection, [kind, ...names])
        let isFirst = true
        for (const target of targets) {
          if (target.names.length === 0) throw usageError('name the objects to describe')
          for (const name of target.names) {
            if (!isFirst) print(context, '\n')
            isFirst = false
            await describe(context, connection, target.kind, name, options.events)
          }
        }
      }),
    )
}

async function describe(context: CliContext, connection: Connection, kind: ServedKind, name: string, withEvents: boolean): Promise<void> {
  const ref = refOf(connection, kind, name)
  const object = (await connection.client.get(kind.type, ref, { signal: context.signal })) as Described
  const now = context.clock.now()
  for (const line of describeObject(object, now)) print(context, line)
  if (!withEvents) return
  const { namespace, uid } = object.metadata
  const about = [{ kind: kind.type.kind, name, namespace, uid }]
  // What befalls a server befalls its pod, which has the same name.
  if (kind.type.kind === 'GameServer') about.push({ kind: 'Pod', name, namespace, uid: '' })
  const lists = await Promise.all(
    about.map(({ uid: id, ...what }) => eventsAbout(context, connection, id === '' ? what : { ...what, uid: id }).catch(orNone)),
  )
  const all = lists.flat().toSorted((one, other) => timeOf(one) - timeOf(other))
  for (const line of eventLines(all, now)) print(context, line)
}

/** Everything about an object but its events. */
export function describeObject(object: Described, now: number): string[] {
  const { apiVersion, kind, metadata, status, ...content } = object
  // A copy of what the pod of the same name shows.
  const { conditions, podStatus: _copy, ...restOfStatus } = status ?? {}
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  const lines = [
    ...pairs([
      ['Name', metadata.name],
      ['Namespace', metadata.namespace],
      ['Kind', `${kind} (${apiVersion})`],
      ['Created', `${metadata.creationTimestamp} (${ageSince(metadata.creationTimestamp, now)} ago)`],
      ['Deleted', metadata.deletionTimestamp],
      ['Controlled by', owner === undefined ? undefined : `${owner.kind}/${owner.name}`],
    ]),
    ...keyValues('Labels', metadata.labels),
    ...keyValues('Annotations', metadata.annotations),
    ...Object.entries(content).flatMap(([field, value]) => section(field, value)),
    ...section('status', restOfStatus),
  ]
  if (conditions !== undefined && conditions.length > 0) {
    const rows = conditions.map(({ type = '', status: state = '', reason = '', message = '', lastTransitionTime }) => [
      type,
      state,
      typeof lastTransitionTime === 'string' ? ageSince(lastTransitionTime, now) : '',
      reason,
      message,
    ])
    lines.push('Conditions:', ...textTable(['Type', 'Status', 'Age', 'Reason', 'Message'], rows).map(line => `  ${line}`))
  }
  return lines
}

function pairs(list: readonly (readonly [string, string | undefined])[]): string[] {
  return list.flatMap(([name, value]) => (value === undefined ? [] : [`${`${name}:`.padEnd(15)}${value}`]))
}

function keyValues(title: string, values: DeepReadonly<Record<string, string>> | undefined): string[] {
  const entries = Object.entries(values ?? {})
  if (entries.length === 0) return pairs([[title, '<none>']])
  return entries.map(([key, value], index) => `${(index === 0 ? `${title}:` : '').padEnd(15)}${key}=${value}`)
}

function section(field: string, value: unknown): string[] {
  if (value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)) return []
  const title = `${field.charAt(0).toUpperCase()}${field.slice(1)}:`
  if (typeof value !== 'object') return [`${title.padEnd(15)}${String(value as string | number | boolean)}`]
  const text = stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd()
  return [title, ...text.split('\n').map(line => `  ${line}`)]
}

function orNone(error: unknown): [] {
  if (isNotFound(error)) return []
  throw error
}
