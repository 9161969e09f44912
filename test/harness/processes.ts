import { readdirSync, readFileSync } from 'node:fs'

/** Processes that descend from `pid`. Linux only, like the runtime they come from. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It ended meanwhile.
    }
  }
  const found = new Set<number>()
  for (let grew = true; grew; ) {
    grew = false
    for (const [child, parent] of parents) {
      if ((parent === pid || found.has(parent)) && !found.has(child)) {
        found.add(child)
        grew = true
      }
    }
  }
  return [...found]
}

/** Those that still run; zombies do not. */
export function alive(pids: readonly number[]): number[] {
  return pids.filter(pid => {
    try {
      process.kill(pid, 0)
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false
    }
  })
}
