import type { HostTools } from '../host-tools.ts'
import { runTool } from '../run-tool.ts'

/** Perl is on hosts that lack iproute2: brings `lo` up and gives it further addresses, with the kernel's own calls. */
const perlProgram = `
socket(my $socket, 2, 2, 0) or die "socket: $!";
my $up = pack('a16 s x22', 'lo', 0x49);
ioctl($socket, 0x8914, $up) or die "lo up: $!";
my $n = 0;
for my $ip (@ARGV) {
  my $name = 'lo:' . $n++;
  my $address = pack('a16 S n C4 x16', $name, 2, 0, split /[.]/, $ip);
  my $mask = pack('a16 S n C4 x16', $name, 2, 0, 255, 255, 255, 255);
  ioctl($socket, 0x8916, $address) or die "$ip: $!";
  ioctl($socket, 0x891c, $mask) or die "$ip: $!";
}
`

/** Undefined when this host has no program that could set up the loopback device of a namespace. */
export function loopbackDeviceTool(tools: HostTools): 'ip' | 'perl' | undefined {
  return tools.find('ip') !== undefined ? 'ip' : tools.find('perl') !== undefined ? 'perl' : undefined
}

/**
 * Brings the loopback device of a network namespace up and puts addresses on it.
 * @param enter words that run a program in the namespace
 */
export async function setUpLoopback(
  tools: HostTools,
  enter: readonly [string, ...string[]],
  ips: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const [program, ...args] = enter
  const options = signal ? { signal } : {}
  if (loopbackDeviceTool(tools) === 'ip') {
    const commands = ['link set dev lo up', ...ips.map(ip => `addr add ${ip}/32 dev lo`)]
    await runTool(program, [...args, tools.require('ip'), '-batch', '-'], { ...options, input: `${commands.join('\n')}\n` })
  } else {
    await runTool(program, [...args, tools.require('perl'), '-e', perlProgram, ...ips], options)
  }
}
