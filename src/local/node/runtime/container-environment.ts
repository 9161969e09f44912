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

/** The arguments of the `program-start.sh` step for these words. */
export function programArguments(
  env: Readonly<Record<string, string>>,
  workingDir: string,
  words: readonly [string, ...string[]],
  tools: HostTools,
): string[] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const drop = ['--inh-caps', '-all', '--bounding-set', ['-all', ...capabilities.map(name => `+${name}`)].join(',')]
  const become = [tools.require('setpriv'), ...drop, '--', tools.require('env'), '-i', ...variables]
  return [env['PATH'] ?? defaultPath, workingDir, words[0], ...become, ...words]
}

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
