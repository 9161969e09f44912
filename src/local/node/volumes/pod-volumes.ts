import { createHash } from 'node:crypto'
import { chmod, mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { HostPathVolumeSource, Volume } from '../../../apis/core/types.generated.ts'
import { expand } from '../env/expansion.ts'
import { messageOf, NodeError } from '../node-error.ts'
import type { ContainerDefinition, PodObject } from '../pods/container-state.ts'
import type { Mount } from '../runtime/runtime.ts'
import { writeAtomicFolder, type ProjectedFiles } from './atomic-folder.ts'
import { projectedFiles, type ProjectionContext } from './projection.ts'
import { mountsOf, volumesOf } from './service-account.ts'

export interface PodVolumesOptions {
  /** The pod's own folder; everything in it goes with the pod. */
  readonly folder: string
  /** The folder of a bound claim, which outlives the pod; undefined while the claim is not bound. */
  claimFolder(namespace: string, claim: string): Promise<string | undefined>
  now(): number
}

/** The volumes of one pod as folders of the host, shared by its containers. Not safe for concurrent calls: the pod's worker makes one at a time. */
export class PodVolumes {
  readonly #options: PodVolumesOptions
  readonly #paths = new Map<string, string>()
  readonly #digests = new Map<string, string>()

  constructor(options: PodVolumesOptions) {
    this.#options = options
  }

  /**
   * Makes every volume that is not there yet and brings projected ones up to date.
   * @throws NodeError VOLUME with a message that names the volume, when one cannot be made.
   */
  async sync(context: ProjectionContext): Promise<void> {
    for (const volume of volumesOf(context.pod)) {
      try {
        await this.#sync(volume, context)
      } catch (error) {
        throw new NodeError('VOLUME', `MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`, { cause: error })
      }
    }
  }

  /** The bind mounts of a container. Variables in `subPathExpr` are taken from its environment. */
  async mounts(pod: PodObject, definition: ContainerDefinition, env: Readonly<Record<string, string>>): Promise<Mount[]> {
    const mounts: Mount[] = []
    for (const mount of mountsOf(pod, definition)) {
      const root = this.#paths.get(mount.name)
      if (root === undefined) throw new NodeError('VOLUME', `volume "${mount.name}" of mount ${mount.mountPath} does not exist`)
      const subPath = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expand(mount.subPathExpr, env)
      const hostPath = subPath === '' ? root : await subFolder(root, subPath)
      mounts.push({ hostPath, mountPath: mount.mountPath, readOnly: mount.readOnly ?? false })
    }
    return mounts
  }

  async remove(): Promise<void> {
    await rm(this.#options.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  async #sync(volume: DeepReadonly<Volume>, context: ProjectionContext): Promise<void> {
    const folder = join(this.#options.folder, 'volumes', volume.name)
    const files = await projectedFiles(volume, context)
    if (files !== undefined) {
      const digest = digestOf(files)
      if (this.#digests.get(volume.name) === digest) return
      await writeAtomicFolder(folder, files, this.#options.now())
      this.#digests.set(volume.name, digest)
      this.#paths.set(volume.name, folder)
      return
    }
    if (this.#paths.has(volume.name)) return
    this.#paths.set(volume.name, await this.#make(volume, folder, context.pod.metadata.namespace ?? 'default'))
  }

  async #make(volume: DeepReadonly<Volume>, folder: string, namespace: string): Promise<string> {
    if (volume.emptyDir !== undefined) {
      await mkdir(folder, { recursive: true })
      await chmod(folder, 0o777)
      return folder
    }
    if (volume.hostPath !== undefined) return hostPath(volume.hostPath)
    if (volume.persistentVolumeClaim !== undefined) {
      const { claimName } = volume.persistentVolumeClaim
      const found = await this.#options.claimFolder(namespace, claimName)
      if (found === undefined) throw new NodeError('VOLUME', `persistentvolumeclaim "${claimName}" is not bound`)
      await mkdir(found, { recursive: true })
      return found
    }
    const kind = Object.keys(volume).find(key => key !== 'name') ?? 'none'
    throw new NodeError('VOLUME', `the embedded node has no volumes of the kind ${kind}`)
  }
}

function digestOf(files: ProjectedFiles): string {
  const hash = createHash('sha256')
  for (const [path, file] of files) hash.update(`${path}\0${file.mode}\0`).update(file.content).update('\0')
  return hash.digest('hex')
}

async function hostPath({ path, type }: DeepReadonly<HostPathVolumeSource>): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  if (type === 'DirectoryOrCreate' && found === undefined) await mkdir(path, { recursive: true, mode: 0o755 })
  else if (type === 'FileOrCreate' && found === undefined) await writeFile(path, '', { mode: 0o644 })
  else if (found === undefined) throw new NodeError('VOLUME', `hostPath ${path} does not exist`)
  else if ((type === 'Directory' || type === 'DirectoryOrCreate') && !found.isDirectory())
    throw new NodeError('VOLUME', `hostPath type check failed: ${path} is not a directory`)
  else if ((type === 'File' || type === 'FileOrCreate') && !found.isFile())
    throw new NodeError('VOLUME', `hostPath type check failed: ${path} is not a file`)
  return path
}

async function subFolder(root: string, subPath: string): Promise<string> {
  if (isAbsolute(subPath) || subPath.split('/').includes('..')) throw new NodeError('VOLUME', `subPath ${subPath} leaves its volume`)
  const path = join(root, subPath)
  // A file of a projected volume is mounted as it is now: like kubelet, a sub-path does not follow later changes.
  const found = await realpath(path).catch(() => undefined)
  if (found !== undefined) return found
  await mkdir(path, { recursive: true, mode: 0o750 })
  return path
}
