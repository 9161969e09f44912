import type { Dirent } from 'node:fs'
import { lstat, mkdir, chmod, copyFile, readdir, readlink, symlink, writeFile, stat } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { RuntimeError } from './runtime-error.ts'
import type { Mount, ResolvedImage } from './runtime.ts'

/** Top folders of the host that containers see through an overlay: programs and libraries come from the host unless the image has its own. */
const hostFolders = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'usr', 'etc', 'opt', 'nix']
/** Top folders every container has, empty unless the image fills them. */
const emptyFolders = ['tmp', 'run', 'root', 'home', 'srv', 'mnt', 'media', 'var', 'var/tmp', 'var/log', 'var/lib', 'var/run', 'var/cache']
/** Top folders that the set-up script fills; what an exported image has there does not matter. */
const kernelFolders: ReadonlySet<string> = new Set(['dev', 'proc', 'sys'])

/** One mount that the set-up script makes, in order. Paths are relative to the container's scratch folder or absolute on the host. */
export type RootStep =
  | { readonly do: 'overlay'; readonly top: string; readonly lower: readonly string[] }
  | { readonly do: 'bind' | 'bind-read-only' | 'rbind'; readonly from: string; readonly to: string }

export interface RootFolderInput {
  /** Folder on the host that becomes the content of the container's scratch file system: `root/`, `upper/`, `work/`, `image/`. */
  readonly prepared: string
  readonly image: ResolvedImage
  readonly mounts: readonly Mount[]
  readonly workingDir: string
  /** Text files laid over the host's, by absolute path, such as `/etc/hosts`. */
  readonly files: Readonly<Record<string, string>>
  /** Folders of the host with file systems of their own mounted below the overlaid ones: an overlay does not see into them. */
  readonly hostMountPoints: readonly string[]
  /** The host's root folder; tests put another one here. */
  readonly hostRoot?: string
}

/**
 * Prepares a container's root folder: everything that needs no mount is written below `prepared`; the rest is returned as steps.
 * @throws RuntimeError `CreateContainerError` when a mount path of the container makes no sense.
 */
export async function prepareRootFolder(input: RootFolderInput): Promise<RootStep[]> {
  const hostRoot = input.hostRoot ?? '/'
  const imageRoot = input.image.rootfs
  const inPrepared = (...parts: string[]) => join(input.prepared, ...parts)
  await Promise.all(['root', 'upper', 'work', 'image'].map(folder => mkdir(inPrepared(folder), { recursive: true })))

  const overlays = new Map<string, string[]>()
  const steps: RootStep[] = []
  if (imageRoot !== undefined) steps.push({ do: 'bind-read-only', from: imageRoot, to: 'image' })
  for (const top of hostFolders) {
    const found = await lstat(join(hostRoot, top)).catch(() => undefined)
    if (found?.isSymbolicLink() === true) await symlink(await readlink(join(hostRoot, top)), inPrepared('root', top))
    else if (found?.isDirectory() === true) overlays.set(top, [join(hostRoot, top)])
  }
  for (const entry of await listTop(imageRoot)) {
    const { name } = entry
    const source = join(entry.parentPath, name)
    if (kernelFolders.has(name)) continue
    if (entry.isDirectory()) {
      if (/[:,\\]/.test(name))
        throw new RuntimeError('CreateContainerError', `image ${input.image.reference}: a folder may not be called ${name}`)
      const linked = await readlink(inPrepared('root', name)).catch(() => undefined)
      // `bin` of an image on a host where /bin is a link to usr/bin belongs below /usr/bin.
      const target = linked === undefined ? name : posix.normalize(posix.join('/', linked)).slice(1)
      const top = target.split('/')[0] ?? target
      if (target === top) overlays.set(top, [`image/${name}`, ...(overlays.get(top) ?? [])])
      else await copyTree(source, inPrepared('upper', target))
    } else if (entry.isSymbolicLink()) {
      await symlink(await readlink(source), inPrepared('root', name)).catch(() => undefined)
    } else {
      await copyFile(source, inPrepared('root', name))
    }
  }
  const layersOf = (path: string) => {
    const top = path.split('/')[1] ?? ''
    const lower = overlays
      .get(top)
      ?.map(folder => (folder.startsWith('image/') ? join(imageRoot ?? '', folder.slice('image/'.length)) : folder))
    return { top, lower, writable: lower === undefined ? inPrepared('root', top) : inPrepared('upper', top) }
  }
  const readLink = async (path: string): Promise<string | undefined> => {
    const { top, lower, writable } = layersOf(path)
    const below = path.slice(top.length + 2)
    for (const layer of [writable, ...(lower ?? [])]) {
      const found = await lstat(join(layer, below)).catch(() => undefined)
      if (found !== undefined) return found.isSymbolicLink() ? await readlink(join(layer, below)) : undefined
    }
    return undefined
  }
  /** Makes `path` exist in the container without touching host or image, and returns it without links on the way. */
  const place = async (path: string, content: 'folder' | { text: string }): Promise<string> => {
    const resolved = await resolveLinks(path, readLink)
    const { top, writable } = layersOf(resolved)
    const target = join(writable, resolved.slice(top.length + 2))
    await mkdir(content === 'folder' ? target : dirname(target), { recursive: true })
    if (content !== 'folder') await writeFile(target, content.text)
    return resolved
  }

  for (const top of overlays.keys())
    await Promise.all([`root/${top}`, `upper/${top}`, `work/${top}`].map(f => mkdir(inPrepared(f), { recursive: true })))
  await Promise.all([...kernelFolders].map(folder => mkdir(inPrepared('root', folder))))
  for (const folder of emptyFolders) await place(`/${folder}`, 'folder')
  for (const folder of ['/tmp', '/var/tmp']) {
    const { top, writable } = layersOf(folder)
    await chmod(join(writable, folder.slice(top.length + 2)), 0o1777)
  }
  for (const [path, text] of Object.entries(input.files)) {
    // A link such as /etc/resolv.conf → ../run/… is replaced, not followed.
    const folder = await resolveLinks(dirname(path), readLink)
    const { top, writable } = layersOf(folder)
    const target = join(writable, folder.slice(top.length + 2), posix.basename(path))
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text)
  }
  for (const [top, lower] of overlays) steps.push({ do: 'overlay', top, lower })
  for (const point of input.hostMountPoints) {
    const below = overlays.get(point.split('/')[1] ?? '') !== undefined && !(point in input.files)
    if (below && (await stat(join(hostRoot, point)).catch(() => undefined))?.isDirectory() === true)
      steps.push({ do: 'rbind', from: point, to: `root${point}` })
  }
  for (const [path, from] of Object.entries(input.image.hostFiles ?? {})) {
    steps.push({ do: 'bind-read-only', from, to: `root${await place(path, { text: '' })}` })
  }
  if (input.workingDir !== '/') await place(input.workingDir, 'folder')
  const shallowFirst = input.mounts.toSorted((a, b) => a.mountPath.split('/').length - b.mountPath.split('/').length)
  for (const mount of shallowFirst) {
    const path = posix.normalize(posix.join('/', mount.mountPath)).replace(/(?<=.)\/$/, '')
    if (path === '/') throw new RuntimeError('CreateContainerError', `volume mount ${mount.mountPath}: the root folder cannot be a volume`)
    const source = await stat(mount.hostPath).catch((cause: unknown) => {
      throw new RuntimeError('CreateContainerError', `volume mount ${mount.mountPath}: ${String(cause)}`, { cause })
    })
    const resolved = await place(path, source.isDirectory() ? 'folder' : { text: '' })
    steps.push({ do: mount.readOnly ? 'bind-read-only' : 'bind', from: mount.hostPath, to: `root${resolved}` })
  }
  return steps
}

/** Follows symbolic links inside the container's root, so that no link of an image leads out of it. */
export async function resolveLinks(path: string, readLink: (path: string) => Promise<string | undefined>): Promise<string> {
  let todo = posix.normalize(path).split('/').filter(Boolean)
  let done: string[] = []
  for (let followed = 0; todo.length > 0; ) {
    const [name = '', ...rest] = todo
    todo = rest
    if (name === '.') continue
    if (name === '..') {
      done = done.slice(0, -1)
      continue
    }
    const link = await readLink(`/${[...done, name].join('/')}`)
    if (link === undefined) done = [...done, name]
    else {
      if (++followed > 40) throw new RuntimeError('CreateContainerError', `${path}: too many levels of symbolic links`)
      if (link.startsWith('/')) done = []
      todo = [...link.split('/').filter(Boolean), ...todo]
    }
  }
  return `/${done.join('/')}`
}

/** Copies files with their modes; ownership stays the runtime's. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyTree(source, target)
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else await copyFile(source, target)
  }
}

async function listTop(imageRoot: string | undefined): Promise<Dirent[]> {
  return imageRoot === undefined ? [] : await readdir(imageRoot, { withFileTypes: true })
}
