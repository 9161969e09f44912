import type { Command } from 'commander'
import { clusterCommand, timeSpan, wholeNumber, withConnection } from './command.ts'
import type { ConnectionOptions } from './connection.ts'
import type { CliContext } from './context.ts'
import { containerOf, podOfServer } from './server-pod.ts'

interface LogsOptions extends ConnectionOptions {
  readonly container?: string
  readonly follow?: boolean
  readonly previous?: boolean
  readonly tail?: number
  readonly since?: number
  readonly timestamps?: boolean
}

export function addLogsCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'logs <server>',
    summary: 'Print what a server has written',
    examples: [
      'berth logs minecraft-0',
      'berth logs minecraft-0 -c sidecar -f      # go on with what comes',
      'berth logs minecraft-0 --previous         # of the run before the last restart',
    ],
  })
    .option('-c, --container <name>', 'container of the server')
    .option('-f, --follow', 'go on with what comes')
    .option('-p, --previous', 'of the run before the last restart')
    .option('--tail <lines>', 'only that many lines from the end', wholeNumber)
    .option('--since <span>', 'only what is younger: 90s, 5m', timeSpan)
    .option('--timestamps', 'with the time of each line')
    .action((server: string, options: LogsOptions) =>
      withConnection(context, options, async connection => {
        const pod = await podOfServer(context, connection, server)
        const ref = { namespace: connection.namespace, name: pod.metadata.name }
        const { follow, previous, timestamps, tail, since } = options
        const chunks = connection.client.logs(ref, {
          container: containerOf(context, pod, options.container),
          signal: context.signal,
          ...(follow === undefined ? {} : { follow }),
          ...(previous === undefined ? {} : { previous }),
          ...(timestamps === undefined ? {} : { timestamps }),
          ...(tail === undefined ? {} : { tailLines: tail }),
          ...(since === undefined ? {} : { sinceSeconds: Math.max(1, Math.ceil(since / 1000)) }),
        })
        for await (const chunk of chunks) context.stdout.write(chunk)
      }),
    )
}
