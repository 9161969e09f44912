import type { HostTools } from './host-tools.ts'
import { RuntimeError } from './runtime-error.ts'

/**
 * A pseudo-terminal without a native module, as a Perl program of the kernel's own calls: it opens /dev/ptmx, gives the other end to the
 * command, copies bytes, and takes `COLUMNS ROWS` lines on file descriptor 4. Perl is part of every Debian, Ubuntu and Fedora.
 */
const program = `
use strict; use POSIX ();
my ($unlock, $number, $controlling, $size) = (0x40045431, 0x80045430, 0x540E, 0x5414);
open(my $master, '+<', '/dev/ptmx') or die "no pseudo-terminal: $!";
my $buffer = pack('I', 0);
ioctl($master, $unlock, $buffer) or die "unlock: $!";
ioctl($master, $number, $buffer) or die "name: $!";
my $name = '/dev/pts/' . unpack('I', $buffer);
# Not as this process's own controlling terminal: it is to be the command's.
sysopen(my $slave, $name, 2 | 256) or die "$name: $!";
sub resize { my $window = pack('S4', @_, 0, 0); ioctl($master, $size, $window) }
resize(24, 80);
my $child = fork(); die "fork: $!" unless defined $child;
if (!$child) {
  POSIX::setsid(); my $none = 0; ioctl($slave, $controlling, $none);
  POSIX::close(4);
  POSIX::dup2(fileno($slave), $_) for 0 .. 2;
  close $master; close $slave;
  exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!";
}
close $slave; POSIX::close(3);
open(my $control, '<&=', 4) or die "control: $!";
my ($rin, $commands) = ('', '');
vec($rin, fileno($_), 1) = 1 for (*STDIN, $master, $control);
while (1) {
  my $ready = $rin;
  next if select($ready, undef, undef, undef) < 0;
  if (vec($ready, fileno($master), 1)) {
    my $count = sysread($master, my $data, 65536);
    last unless $count;
    for (my $at = 0; $at < $count;) { my $done = syswrite(STDOUT, $data, $count - $at, $at); last unless defined $done; $at += $done }
  }
  if (vec($ready, fileno(STDIN), 1)) {
    my $count = sysread(STDIN, my $data, 65536);
    if ($count) { syswrite($master, $data) } else { syswrite($master, "\\x04"); vec($rin, fileno(STDIN), 1) = 0 }
  }
  if (vec($ready, fileno($control), 1)) {
    my $count = sysread($control, my $data, 4096);
    if ($count) { $commands .= $data } else { vec($rin, fileno($control), 1) = 0 }
    while ($commands =~ s/^(\\d+) (\\d+)\\n//) { resize($2, $1) }
  }
}
waitpid($child, 0);
if ($? & 127) { $SIG{INT} = 'DEFAULT'; kill($? & 127, $$) }
exit($? >> 8);
`

/**
 * Words that run a command on a terminal of its own. File descriptor 3 stays the command's; 4 takes the window sizes.
 * @throws RuntimeError `ExecError` on hosts without Perl.
 */
export function terminalArguments(tools: HostTools, words: readonly string[]): string[] {
  const perl = tools.find('perl')
  if (perl === undefined) throw new RuntimeError('ExecError', 'a terminal needs the program perl on this host; without -t the command runs')
  return [perl, '-e', program, ...words]
}
