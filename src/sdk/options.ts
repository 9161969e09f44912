import { parseArgs } from 'node:util'
import { defaults } from '../apis/agones.dev/defaults.ts'
import { parseDuration } from '../schema/span.ts'

export interface SidecarOptions {
  readonly name: string
  readonly namespace: string
  readonly address: string
  readonly grpcPort: number
  readonly httpPort: number
  readonly healthPort: number
  readonly rateLimitMs: number
  readonly logLevel: (typeof logLevels)[number]
}

const logLevels = ['debug', 'info', 'warn', 'error'] as const

/** Every option is a flag, or a variable of the same name in capitals. */
const flags = {
  'gameserver-name': '',
  'pod-namespace': '',
  address: 'localhost',
  'grpc-port': String(defaults.sdkGrpcPort),
  'http-port': String(defaults.sdkHttpPort),
  'health-port': '8080',
  'request-rate-limit': '500ms',
  'log-level': 'Info',
} as const

/** What the sidecar is told by its arguments and its environment. Throws a plain Error that says what is wrong. */
export function sidecarOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): SidecarOptions {
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.keys(flags).map(name => [name, { type: 'string' as const }])),
  })
  const given = (name: keyof typeof flags): string =>
    (values[name] as string | undefined) ?? env[name.replaceAll('-', '_').toUpperCase()] ?? flags[name]
  const port = (name: 'grpc-port' | 'http-port' | 'health-port'): number => {
    const number = Number(given(name))
    if (!Number.isInteger(number) || number < 0 || number > 65_535) throw new Error(`--${name} must be a port, not ${given(name)}`)
    return number
  }
  // The variable that pods of Agones carry has a letter more than the one it reads.
  const rateLimit =
    (values['request-rate-limit'] as string | undefined) ??
    env['REQUEST_RATE_LIMIT'] ??
    env['REQUESTS_RATE_LIMIT'] ??
    flags['request-rate-limit']
  return {
    name: given('gameserver-name'),
    namespace: given('pod-namespace'),
    address: given('address'),
    grpcPort: port('grpc-port'),
    httpPort: port('http-port'),
    healthPort: port('health-port'),
    rateLimitMs: milliseconds(rateLimit),
    // Agones has further levels; whoever asks for one of them gets what comes nearest.
    logLevel: logLevels.find(level => level === given('log-level').toLowerCase()) ?? 'info',
  }
}

function milliseconds(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new Error(`--request-rate-limit must be a duration such as 500ms, not ${text}`)
  return ms
}
