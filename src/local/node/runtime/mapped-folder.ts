import { access, constants, cp, mkdir, readdir, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { RuntimeError } from './runtime-error.ts'
import type { Mount, ResolvedImage } from './runtime.ts'

/** A folder that stands for a container's root, for processes that see the whole host. */
export interface MappedFolder {
  readonly root: string
  /** Absolute paths of the container that are kept below `root`. */
  readonly prefixes: readonly string[]
  /** Where a path of the container is on the host. */
  path(containerPath: string): string
}

/** Folders that image and host both have: only what the image really brings there is mapped. */
const shared = new Set([
  'bin',
  'sbin',
  'lib',
  'lib64',
  'usr',
  'etc',
  'opt',
  'var',
  'home',
  'root',
  'run',
  'tmp',
  'local',
  'share',
  'libexec',
])

/** Copies the image's files and links the volumes at their mount paths. */
export async function prepareFolder(
  root: string,
  image: ResolvedImage,
  mounts: readonly Mount[],
  workingDir: string,
): Promise<MappedFolder> {
  await mkdir(join(root, 'tmp'), { recursive: true })
  const prefixes: string[] = []
  for (const layer of image.layers?.toReversed() ?? []) {
    await cp(layer, root, { recursive: true, verbatimSymlinks: true })
    prefixes.push(...(await ownPaths(layer, '')))
  }
  const links = [
    ...Object.entries(image.hostFiles ?? {}),
    ...mounts.toSorted((a, b) => a.mountPath.length - b.mountPath.length).map(mount => [mount.mountPath, mount.hostPath] as const),
  ]
  for (const [path, target] of links) {
    const link = join(root, path)
    await rm(link, { recursive: true, force: true })
    await mkdir(dirname(link), { recursive: true })
    await symlink(target, link)
    prefixes.push(posix.normalize(path))
  }
  const inside = join(root, workingDir)
  if (!(await stat(workingDir).catch(() => undefined))?.isDirectory()) {
    await mkdir(inside, { recursive: true })
    prefixes.push(posix.normalize(workingDir))
  }
  const isInside = (path: string) => prefixes.some(prefix => path === prefix || path.startsWith(`${prefix}/`))
  return {
    root,
    // Longest first, so that /var/www/html/js is found before /var/www.
    prefixes: [...new Set(prefixes)].toSorted((a, b) => b.length - a.length),
    path: path => (path === '/' || isInside(path) ? join(root, path) : searchFolders.has(path) ? join(root, path) : path),
  }
}

const searchFolders = new Set(['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'])

async function ownPaths(folder: string, path: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const found = await Promise.all(
    entries.map(async entry =>
      entry.isDirectory() && shared.has(entry.name)
        ? ownPaths(join(folder, entry.name), `${path}/${entry.name}`)
        : [`${path}/${entry.name}`],
    ),
  )
  return found.flat()
}

/** Replaces absolute paths of the container in a word or shell line by where they are on the host. */
export function rewritePaths(folder: Pick<MappedFolder, 'root' | 'prefixes'>, text: string): string {
  if (folder.prefixes.length === 0) return text
  const alternatives = folder.prefixes.map(prefix => prefix.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  // A path starts after nothing, white space or a shell's punctuation, and its last name is a whole name.
  return text.replaceAll(new RegExp(`(?<=^|[\\s"'=:;|&<>(\`])(?:${alternatives})(?![\\w.-])`, 'g'), path => folder.root + path)
}

/**
 * Where a program is.
 * @throws RuntimeError `RunContainerError` in the words of a container engine.
 */
export async function findExecutable(program: string, searchPath: string, asWritten: string): Promise<string> {
  const candidates = program.includes('/') ? [program] : searchPath.split(':').map(folder => join(folder, program))
  for (const path of candidates) {
    const runnable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runnable && (await stat(path)).isFile()) return path
  }
  if (!program.includes('/'))
    throw new RuntimeError('RunContainerError', `exec: "${asWritten}": executable file not found in $PATH`, { exitCode: 127 })
  const exists = await access(program).then(
    () => true,
    () => false,
  )
  const reason = exists ? 'permission denied' : `stat ${asWritten}: no such file or directory`
  throw new RuntimeError('RunContainerError', `exec: "${asWritten}": ${reason}`, { exitCode: exists ? 126 : 127 })
}
