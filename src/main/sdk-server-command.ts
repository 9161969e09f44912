import { type Command, InvalidArgumentError, Option } from 'commander'
import { clusterCommand, wholeNumber, withConnection } from '../cli/command.ts'
import type { ConnectionOptions } from '../cli/connection.ts'
import type { CliContext } from '../cli/context.ts'
import { usageError } from '../cli/exit-code.ts'
import { type RecordedCall, recordedCalls } from '../sdk/recorded-calls.ts'

export interface SdkServerCommandOptions extends ConnectionOptions {
  readonly local?: boolean
  readonly file?: string
  readonly test?: ReadonlySet<RecordedCall>
  readonly sdkName?: string
  readonly timeout?: number
  readonly delay: number
  readonly address: string
  readonly grpcPort: number
  readonly httpPort: number
  readonly healthPort: number
  readonly gameserverName?: string
}

/** `berth sdk-server`: what Agones calls `sdk-server`, for developers; flags and variables are the same. */
export function addSdkServerCommand(parent: Command, context: CliContext): void {
  clusterCommand(parent, {
    usage: 'sdk-server',
    summary: "Serve Agones' SDK to a game on this machine, with or without a cluster",
    examples: [
      'berth sdk-server --local                      # a GameServer that is there at once, and is Ready when the game says so',
      'berth sdk-server --local -f gameserver.yaml   # yours; the game hears of every change of the file',
      'berth sdk-server --local --test ready,allocate,shutdown --timeout 30   # ends with 1 unless exactly these calls came',
      'berth sdk-server --gameserver-name arena-1    # for one of the cluster, such as a server with agones.dev/dev-address',
    ],
  })
    .addOption(new Option('--local', 'without a cluster').env('LOCAL'))
    .addOption(new Option('-f, --file <file>', 'with --local: a GameServer in YAML or JSON; read again when it changes').env('FILE'))
    .addOption(
      new Option('--test <calls>', 'with --local: the calls that have to come, with commas between them').argParser(calls).env('TEST'),
    )
    .addOption(new Option('--sdk-name <name>', 'with --test: of the SDK, for what is told').env('SDK_NAME'))
    .addOption(new Option('--timeout <seconds>', 'end by itself after so long').argParser(wholeNumber).env('TIMEOUT'))
    .addOption(new Option('--delay <seconds>', 'listen only after so long').argParser(wholeNumber).default(0).env('DELAY'))
    .addOption(new Option('--address <host>', 'where games reach it; empty: at every address').default('localhost').env('ADDRESS'))
    .addOption(new Option('--grpc-port <port>', 'of gRPC').argParser(wholeNumber).default(9357).env('GRPC_PORT'))
    .addOption(new Option('--http-port <port>', 'of REST').argParser(wholeNumber).default(9358).env('HTTP_PORT'))
    .addOption(new Option('--health-port <port>', 'of /healthz and /gshealthz').argParser(wholeNumber).default(8080).env('HEALTH_PORT'))
    .addOption(new Option('--gameserver-name <name>', 'without --local: which one').env('GAMESERVER_NAME'))
    .action(async (options: SdkServerCommandOptions) => {
      const forLocal = options.file ?? options.test ?? options.sdkName
      if (options.local !== true && forLocal !== undefined) throw usageError('--file, --test and --sdk-name need --local')
      if (options.local !== true && options.gameserverName === undefined) throw usageError('either --local or --gameserver-name is needed')
      // Loaded only now: other commands shall not wait for it.
      if (options.local === true) return (await import('./local-sdk-server.ts')).runLocalSdkServer(context, options)
      return withConnection(context, options, async connection => {
        const { runClusterSdkServer } = await import('./local-sdk-server.ts')
        await runClusterSdkServer(context, connection, options)
      })
    })
}

function calls(value: string): ReadonlySet<RecordedCall> {
  const names = value.split(',').map(name => name.trim())
  const wrong = names.find(name => !(recordedCalls as readonly string[]).includes(name))
  if (wrong !== undefined)
    throw new InvalidArgumentError(`There is no call ${JSON.stringify(wrong)}; there are ${recordedCalls.join(', ')}.`)
  return new Set(names as RecordedCall[])
}
