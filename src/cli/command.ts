import { type Command, InvalidArgumentError } from 'commander'
import { parseSpan } from '../schema/span.ts'
import { addConnectionOptions, connect, type Connection, type ConnectionOptions } from './connection.ts'
import type { CliContext } from './context.ts'

export interface CommandDescription {
  /** `get [kinds] [names...]`. */
  readonly usage: string
  readonly summary: string
  /** Lines `berth … # what it does`. */
  readonly examples: readonly string[]
}

/** A subcommand with the options of the connection, its examples at the end of the help. */
export function clusterCommand(parent: Command, { usage, summary, examples }: CommandDescription): Command {
  const command = parent.command(usage).summary(summary).description(`${summary}.`)
  addConnectionOptions(command)
  return command.addHelpText('after', `\nExamples:\n${examples.map(example => `  ${example}`).join('\n')}`)
}

/** Runs a command's work with a connection that is closed afterwards. */
export async function withConnection(
  context: CliContext,
  options: ConnectionOptions,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  await using connection = await connect(context, options)
  await work(connection)
}

/** Collects an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

/** An option that is a whole number of 0 or more. */
export function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(value)
}

/** An option that is a span of time, in milliseconds: `30s`, `5m`; a number alone is seconds. */
export function timeSpan(value: string): number {
  const ms = parseSpan(value)
  if (ms === undefined) throw new InvalidArgumentError('It must be a span of time such as 30s, 5m or 1h30m.')
  return ms
}
