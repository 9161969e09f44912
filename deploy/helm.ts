import { execFileSync } from 'node:child_process'
import { accessSync, constants, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'

export const chartFolder = resolve(import.meta.dirname, 'chart')

/** Helm on the PATH, or the one that `npm run cluster` has built; undefined when there is none. */
export function findHelm(): string | undefined {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'berth')
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return [...folders, ...builtHelms(cache)].map(folder => join(folder, 'helm')).find(isProgram)
}

function builtHelms(cache: string): string[] {
  try {
    return readdirSync(cache)
      .filter(name => name.startsWith('helm-'))
      .toSorted()
      .toReversed()
      .map(name => join(cache, name, 'bin'))
  } catch {
    return []
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The chart as manifests, for the namespace `berth-system` and without asking a cluster. Throws with Helm's words when it refuses. */
export function renderChart(helm: string, args: readonly string[] = []): string {
  // Named here, because a Helm built from its module believes in a Kubernetes of long ago.
  const command = ['template', 'berth', chartFolder, '--namespace', 'berth-system', '--kube-version', '1.34.0', ...args]
  return execFileSync(helm, command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
