import { chmod, copyFile, lstat, mkdir, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { resolveLinks } from './resolve-links.ts'
import { RuntimeError } from './runtime-error.ts'
import type { Mount, ResolvedImage } from './runtime.ts'

/** Top folders of the host that containers see through an overlay: programs and libraries come from the host unless the image has its own. */
const hostFolders = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'usr', 'etc', 'opt', 'nix']
/** Folders every container has, empty unless the image fills them. */
const emptyFolders = [
  'dev/pts',
  'dev/shm',
  'tmp',
  'run',
  'root',
  'home',
  'srv',
  'mnt',
  'media',
  'var',
  'var/tmp',
  'var/log',
  'var/lib',
  'var/run',
  'var/cache',
]
/** Top folders that the set-up script fills; what an exported image has there does not matter. */
const kernelFolders: ReadonlySet<string> = new Set(['dev', 'proc', 'sys'])
const deviceLinks = { fd: '/proc/self/fd', stdin: '/proc/self/fd/0', stdout: '/proc/self/fd/1', stderr: '/proc/self/fd/2' }

/** One mount that the set-up script makes, in order. Paths are relative to the container's scratch folder or absolute on the host. */
export type RootStep =
  | { readonly do: 'overlay'; readonly top: string; readonly lower: readonly string[] }
  | { readonly do: 'bind' | 'bind-read-only' | 'rbind'; readonly from: string; readonly to: string }

export interface RootFolderInput {
  /** Folder on the host that becomes the content of the container's scratch file system: `root/`, `upper/`, `work/`, `image/`. */
  readonly prepared: string
  readonly image: Pick<ResolvedImage, 'reference' | 'layers' | 'hostFiles'>
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
  const { image, hostRoot = '/' } = input
  const root = new RootFolder(input.prepared)
  await root.create()
  await root.addHost(hostRoot)
  // The lowest first: each next one is put on top of it.
  const layers = image.layers ?? []
  for (const [index, layer] of [...layers.entries()].toReversed()) await root.addLayer(layer, `image/${index}`, image.reference)
  await root.createOverlayFolders()
  for (const folder of emptyFolders) await root.place(`/${folder}`, 'folder')
  for (const folder of ['/tmp', '/var/tmp', '/dev/shm']) await chmod(root.writablePath(folder), 0o1777)
  for (const [path, text] of Object.entries(input.files)) await root.replace(path, text)

  const steps: RootStep[] = layers.map((from, index) => ({ do: 'bind-read-only', from, to: `image/${index}` }))
  for (const [top, lower] of root.overlays) steps.push({ do: 'overlay', top, lower: lower.map(folder => folder.mounted) })
  for (const point of input.hostMountPoints) {
    const isFolder = await stat(join(hostRoot, point)).then(
      found => found.isDirectory(),
      () => false,
    )
    if (isFolder && root.overlays.has(point.split('/')[1] ?? '')) steps.push({ do: 'rbind', from: point, to: `root${point}` })
  }
  for (const [path, from] of Object.entries(image.hostFiles ?? {})) {
    steps.push({ do: 'bind-read-only', from, to: `root${await root.place(path, 'file')}` })
  }
  if (input.workingDir !== '/') await root.place(input.workingDir, 'folder')
  const shallowFirst = input.mounts.toSorted((a, b) => a.mountPath.split('/').length - b.mountPath.split('/').length)
  for (const mount of shallowFirst) steps.push(await mountStep(root, mount))
  return steps
}

async function mountStep(root: RootFolder, mount: Mount): Promise<RootStep> {
  const path = posix.resolve('/', mount.mountPath)
  if (path === '/') {
    throw new RuntimeError('CreateContainerError', `volume mount ${mount.mountPath}: the root folder cannot be a volume`)
  }
  const source = await stat(mount.hostPath).catch((cause: unknown) => {
    throw new RuntimeError('CreateContainerError', `volume mount ${mount.mountPath}: ${String(cause)}`, { cause })
  })
  const target = await root.place(path, source.isDirectory() ? 'folder' : 'file')
  return { do: mount.readOnly ? 'bind-read-only' : 'bind', from: mount.hostPath, to: `root${target}` }
}

/** A folder below an overlay: where it is now, and what the overlay's mount will call it. */
interface Lower {
  readonly real: string
  readonly mounted: string
}

/** The root folder while it is being put together, before any mount. */
class RootFolder {
  /** The layers of each overlaid top folder, the uppermost first. */
  readonly overlays = new Map<string, Lower[]>()
  readonly #prepared: string

  constructor(prepared: string) {
    this.#prepared = prepared
  }

  async create(): Promise<void> {
    const folders = ['upper', 'work', 'image', ...[...kernelFolders].map(folder => `root/${folder}`)]
    await Promise.all(folders.map(folder => mkdir(join(this.#prepared, folder), { recursive: true })))
    await Promise.all(Object.entries(deviceLinks).map(([name, target]) => symlink(target, this.#at('root/dev', name))))
  }

  async addHost(hostRoot: string): Promise<void> {
    for (const top of hostFolders) {
      const path = join(hostRoot, top)
      const found = await lstat(path).catch(() => undefined)
      if (found?.isSymbolicLink() === true) await symlink(await readlink(path), this.#at('root', top))
      else if (found?.isDirectory() === true) this.overlays.set(top, [{ real: path, mounted: path }])
    }
  }

  async addLayer(layer: string, mounted: string, reference: string): Promise<void> {
    await mkdir(this.#at(mounted), { recursive: true })
    for (const entry of await readdir(layer, { withFileTypes: true })) {
      const { name } = entry
      const source = join(layer, name)
      if (kernelFolders.has(name)) continue
      if (entry.isDirectory()) {
        // They would end a layer's name in the options of an overlay's mount.
        if (/[:,\\]/.test(name)) throw new RuntimeError('CreateContainerError', `image ${reference}: a top folder cannot be called ${name}`)
        const link = await readlink(this.#at('root', name)).catch(() => undefined)
        // `bin` of an image on a host where /bin is a link to usr/bin belongs below /usr/bin.
        if (link !== undefined) await copyTree(source, this.#at('upper', posix.resolve('/', link)))
        else this.overlays.set(name, [{ real: source, mounted: `${mounted}/${name}` }, ...(this.overlays.get(name) ?? [])])
      } else {
        await rm(this.#at('root', name), { force: true })
        if (entry.isSymbolicLink()) await symlink(await readlink(source), this.#at('root', name))
        else await copyFile(source, this.#at('root', name))
      }
    }
  }

  async createOverlayFolders(): Promise<void> {
    const folders = [...this.overlays.keys()].flatMap(top => [`root/${top}`, `upper/${top}`, `work/${top}`])
    await Promise.all(folders.map(folder => mkdir(this.#at(folder), { recursive: true })))
  }

  /** Makes a path exist in the container without touching host or image, and returns it without links on the way. */
  async place(path: string, kind: 'folder' | 'file'): Promise<string> {
    const resolved = await resolveLinks(path, link => this.#readLink(link))
    const target = this.writablePath(resolved)
    await mkdir(kind === 'folder' ? target : dirname(target), { recursive: true })
    if (kind === 'file') await writeFile(target, '', { flag: 'a' })
    return resolved
  }

  /** Puts a file where the host or the image may have another one or a link (as /etc/resolv.conf often is); links are not followed. */
  async replace(path: string, text: string): Promise<void> {
    const folder = await this.place(dirname(path), 'folder')
    await writeFile(this.writablePath(posix.join(folder, posix.basename(path))), text)
  }

  /** Where a path of the container (without links) can be written now. */
  writablePath(path: string): string {
    const top = path.split('/')[1] ?? ''
    return this.#at(this.overlays.has(top) ? 'upper' : 'root', path)
  }

  async #readLink(path: string): Promise<string | undefined> {
    const top = path.split('/')[1] ?? ''
    const below = path.slice(top.length + 2)
    const lower = (this.overlays.get(top) ?? []).map(folder => folder.real)
    for (const layer of [this.writablePath(`/${top}`), ...lower]) {
      const found = await lstat(join(layer, below)).catch(() => undefined)
      if (found !== undefined) return found.isSymbolicLink() ? readlink(join(layer, below)) : undefined
    }
    return undefined
  }

  #at(...parts: string[]): string {
    return join(this.#prepared, ...parts)
  }
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
