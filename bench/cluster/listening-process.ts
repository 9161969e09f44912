import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** State of a listening socket in Linux' /proc/net/tcp. */
const listening = '0A'

/** The process of this host that listens on a TCP port; undefined when there is none that we may see. */
export function listeningProcess(port: number): number | undefined {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap(file => socketInodes(file, port)))
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    if (socketsOf(pid).some(inode => inodes.has(inode))) return Number(pid)
  }
  return undefined
}

function socketInodes(file: string, port: number): string[] {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync(file, 'utf8')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(ending) === true && state === listening)
    .flatMap(fields => fields[9] ?? [])
}

/** None for processes that end meanwhile or belong to others. */
function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}
