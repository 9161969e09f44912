import type { Command } from 'commander'
import { clusterCommand, withConnection } from './command.ts'
import type { ConnectionOptions } from './connection.ts'
import type { CliContext, TextInput } from './context.ts'
import { usageError } from './exit-code.ts'
import { containerOf, podOfServer } from './server-pod.ts'

interface ExecCommandOptions extends ConnectionOptions {
  readonly container?: string
  readonly stdin?: boolean
  readonly tty?: boolean
}

export function addExecCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'exec <server> [command...]',
    summary: 'Run a command within a server and end with its exit code',
    examples: [
      'berth exec minecraft-0 -- ls /data',
      'berth exec minecraft-0 -c sidecar -- /app/reload.sh',
      'berth exec minecraft-0 -it -- sh            # a shell',
    ],
  })
    .option('-c, --container <name>', 'container of the server')
    .option('-i, --stdin', 'pass standard input on')
    .option('-t, --tty', 'with a terminal')
    .action((server: string, command: string[], options: ExecCommandOptions) =>
      withConnection(context, options, async connection => {
        if (command.length === 0) throw usageError('which command? For example: berth exec SERVER -- ls')
        const pod = await podOfServer(context, connection, server)
        const container = containerOf(context, pod, options.container)
        const { stdin, stdout, stderr } = context
        const tty = options.tty === true && stdin.isTTY === true
        const raw = tty && options.stdin === true
        if (raw) stdin.setRawMode?.(true)
        try {
          context.exitCode = await connection.client.exec(
            { namespace: connection.namespace, name: pod.metadata.name },
            {
              container,
              command,
              tty,
              signal: context.signal,
              onStdout: chunk => stdout.write(chunk),
              onStderr: chunk => stderr.write(chunk),
              ...(options.stdin === true ? { stdin: bytesOf(stdin) } : {}),
              ...(tty && context.terminalSizes !== undefined ? { resizes: context.terminalSizes(context.signal) } : {}),
            },
          )
        } finally {
          if (raw) stdin.setRawMode?.(false)
        }
      }),
    )
}

async function* bytesOf(input: TextInput): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const chunk of input) yield typeof chunk === 'string' ? encoder.encode(chunk) : chunk
}
