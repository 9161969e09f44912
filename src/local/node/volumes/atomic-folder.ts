import { chmod, mkdir, mkdtemp, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'

export interface ProjectedFile {
  readonly content: string | Uint8Array
  /** Permission bits, as in a manifest: 0o644 = 420. */
  readonly mode: number
}

/** Relative paths below the volume and what they hold. */
export type ProjectedFiles = ReadonlyMap<string, ProjectedFile>

/**
 * Makes a folder show `files`, all of them in one step: the way kubelet writes configMap, secret and downwardAPI volumes.
 * The files lie in a fresh folder, `..data` links to it, and every top name links into `..data`; renaming a new `..data` over the old one is
 * what readers (and watchers of `..data`) see. Whoever follows the links never meets a half-written state.
 */
export async function writeAtomicFolder(folder: string, files: ProjectedFiles, now: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  const stamp = new Date(now).toISOString().replace(/[-:T]/g, '_').slice(0, 19)
  const fresh = await mkdtemp(join(folder, `..${stamp}.`))
  for (const [path, file] of files) {
    const target = join(fresh, path)
    if (!target.startsWith(fresh + sep)) throw new RangeError(`path ${path} leaves its volume`)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, file.content, { mode: file.mode })
  }
  // mkdtemp makes folders only their owner may enter; containers may run as anybody.
  await chmod(fresh, 0o755)

  const before = await readlink(join(folder, '..data')).catch(() => undefined)
  const link = join(folder, '..data_tmp')
  await rm(link, { force: true })
  await symlink(fresh.slice(folder.length + 1), link)
  await rename(link, join(folder, '..data'))

  const wanted = new Set([...files.keys()].map(path => path.split('/')[0] ?? path))
  const present = new Set((await readdir(folder)).filter(name => !name.startsWith('..')))
  for (const name of wanted) if (!present.has(name)) await symlink(join('..data', name), join(folder, name))
  for (const name of present) if (!wanted.has(name)) await rm(join(folder, name), { force: true })
  if (before !== undefined) await rm(join(folder, before), { recursive: true, force: true })
}
