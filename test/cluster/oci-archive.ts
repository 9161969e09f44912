import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { link } from 'node:fs/promises'
import { join } from 'node:path'
import { must, run } from '../harness/run.ts'

export interface ImageConfig {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  readonly WorkingDir?: string
  readonly StopSignal?: string
  readonly Labels?: Readonly<Record<string, string>>
}

/** A layer as a tar on disk, and its digest. */
export interface Layer {
  readonly path: string
  readonly digest: string
  readonly size: number
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return `sha256:${hash.digest('hex')}`
}

/** Packs a folder as a layer, owned by root. Uncompressed: it only travels to the containerd of this host. */
export async function packLayer(folder: string, path: string): Promise<Layer> {
  const args = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '-C', folder, '-cf', path, '.']
  must(await run('tar', args, { timeout: 120_000 }), 'tar')
  return { path, digest: await digestOf(path), size: (await stat(path)).size }
}

/** Writes one archive with these images, as `ctr images import` reads it. Layers that images share are in it once. */
export async function writeArchive(
  images: readonly { reference: string; config: ImageConfig; layers: readonly Layer[] }[],
  path: string,
): Promise<void> {
  const folder = await mkdtemp(`${path}.`)
  try {
    const blobs = join(folder, 'blobs/sha256')
    await mkdir(blobs, { recursive: true })
    const put = async (content: object) => {
      const text = JSON.stringify(content)
      const hex = createHash('sha256').update(text).digest('hex')
      await writeFile(join(blobs, hex), text)
      return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) }
    }
    const manifests = []
    for (const { reference, config, layers } of images) {
      for (const layer of layers) {
        await link(layer.path, join(blobs, layer.digest.slice('sha256:'.length))).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error
        })
      }
      const configBlob = await put({
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        config,
        rootfs: { type: 'layers', diff_ids: layers.map(layer => layer.digest) },
      })
      const manifest = await put({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...configBlob },
        layers: layers.map(({ digest, size }) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size })),
      })
      manifests.push({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...manifest,
        annotations: { 'io.containerd.image.name': reference },
      })
    }
    await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
    await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    must(await run('tar', ['-C', folder, '-cf', path, 'oci-layout', 'index.json', 'blobs'], { timeout: 120_000 }), 'tar')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
