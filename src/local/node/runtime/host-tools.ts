import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'

/** Programs of the host that the runtime starts; all but `ip`, `perl` and `script` come with every Linux distribution. */
export type ToolName = 'sh' | 'env' | 'mount' | 'chroot' | 'cp' | 'unshare' | 'nsenter' | 'setpriv' | 'hostname' | 'ip' | 'perl' | 'script'

/** Absolute paths of the host's programs. */
export class HostTools {
  readonly #found = new Map<ToolName, string | undefined>()
  readonly #folders: readonly string[]

  /** @param folders searched in order; the usual system folders by default, so that a user's PATH cannot change what runs. */
  constructor(
    folders: readonly string[] = [
      '/usr/local/sbin',
      '/usr/local/bin',
      '/usr/sbin',
      '/usr/bin',
      '/sbin',
      '/bin',
      '/run/current-system/sw/bin',
    ],
  ) {
    this.#folders = folders
  }

  /** Undefined when the host lacks the program. */
  find(name: ToolName): string | undefined {
    if (this.#found.has(name)) return this.#found.get(name)
    const path = this.#folders.map(folder => join(folder, name)).find(isExecutable)
    this.#found.set(name, path)
    return path
  }

  /** @throws Error naming the program when the host lacks it. */
  require(name: ToolName): string {
    const path = this.find(name)
    if (path === undefined) throw new Error(`the host has no program ${name}`)
    return path
  }

  missing(names: readonly ToolName[]): ToolName[] {
    return names.filter(name => this.find(name) === undefined)
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
