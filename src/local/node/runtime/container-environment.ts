import type { HostTools } from './host-tools.ts'
import type { ContainerSpec, SandboxSpec } from './runtime.ts'

/** Search path of images that do not set their own, as containerd has it. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The program's complete environment: what every container has, then the image's, then the manifest's. */
export function containerEnvironment(spec: Pick<ContainerSpec, 'image' | 'env' | 'tty'>, hostname: string): Record<string, string> {
  return {
    PATH: defaultPath,
    HOSTNAME: hostname,
    HOME: '/root',
    ...(spec.tty === true && { TERM: 'xterm' }),
    ...spec.image.env,
    ...spec.env,
  }
}

/**
 * What root may do in a container: the set that container engines leave by default. Without it a program could mount, load modules or set the
 * host's clock, since a container started by root is root.
 */
const capabilities = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'net_bind_service',
  'net_raw',
  'sys_chroot',
  'mknod',
  'audit_write',
  'setfcap',
]

/** Variables that change how shells, `mount` or the C library work, and what the set-up passes to itself. */
const influential =
  /^(PATH|CDPATH|ENV|IFS|PS\d|PWD|OLDPWD|OPTIND|SHLVL|_|POSIXLY_CORRECT|(BASH|LD|PERL|GLIBC|MALLOC|LIBMOUNT|LC|LANG|LOC|GCONV|TZ|BERTH)(_?.*))$/
/** What shells put into the environment by themselves. */
const ownOfShells = ['PWD', 'OLDPWD', 'SHLVL', '_']

/** How a program is started: arguments for `program-start.sh`, and the environment of the process that runs it. */
export interface ProgramStart {
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Brings a program's words and environment through the set-up. Most variables travel in the environment, which only their owner can read, unlike
 * arguments: they may hold secrets. Those that would change how the set-up works travel as arguments.
 * @param internal further variables for the set-up, which the program does not see
 */
export function programStart(
  env: Readonly<Record<string, string>>,
  workingDir: string,
  words: readonly [string, ...string[]],
  tools: HostTools,
  internal: Readonly<Record<string, string>> = {},
): ProgramStart {
  const variables = Object.entries(env)
  const asArgument = (name: string) => influential.test(name) || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
  const unset = [...Object.keys(internal), ...ownOfShells].flatMap(name => ['-u', name])
  const set = variables.filter(([name]) => asArgument(name)).map(([name, value]) => `${name}=${value}`)
  const drop = ['--inh-caps', '-all', '--bounding-set', ['-all', ...capabilities.map(name => `+${name}`)].join(',')]
  const become = [tools.require('setpriv'), ...drop, '--', tools.require('env'), ...unset, ...set]
  return {
    arguments: [env['PATH'] ?? defaultPath, workingDir, words[0], ...become, ...words],
    environment: { ...Object.fromEntries(variables.filter(([name]) => !asArgument(name))), ...internal, PATH: toolPath },
  }
}

/** The search path of the set-up's own tools. */
const toolPath = '/usr/sbin:/usr/bin:/sbin:/bin'

/** Host names every pod knows, beside its own. */
export interface KnownHost {
  readonly ip: string
  readonly hostnames: readonly string[]
}

/** /etc/hosts as the kubelet writes it. */
export function hostsFile(spec: SandboxSpec, podIPs: readonly string[], known: readonly KnownHost[]): string {
  const entries = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...podIPs.map(ip => `${ip}\t${spec.hostname}`),
    ...[...known, ...(spec.hostAliases ?? [])].map(({ ip, hostnames }) => `${ip}\t${hostnames.join('\t')}`),
  ]
  return `${entries.join('\n')}\n`
}
