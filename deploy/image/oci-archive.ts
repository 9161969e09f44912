import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { tar, type TarEntry } from './tar.ts'

/** A layer as registries keep it. */
export interface Layer {
  readonly compressed: Buffer
  /** Digest of the archive before compression; what the image's config names. */
  readonly diffId: string
  /** What made it, for `history`. */
  readonly comment: string
}

export interface ImageConfig {
  /** `amd64` or `arm64`. */
  readonly architecture: string
  /** `uid:gid`. */
  readonly user: string
  readonly entrypoint: readonly string[]
  readonly env: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

const epoch = '1970-01-01T00:00:00Z'
const mediaType = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}

/** Packs a layer. The bytes depend on the entries and on the zlib of this Node only. */
export function layer(entries: readonly TarEntry[], comment: string, compress: (archive: Buffer, diffId: string) => Buffer = gzip): Layer {
  const archive = tar(entries)
  const diffId = digest(archive)
  return { compressed: compress(archive, diffId), diffId, comment }
}

export function gzip(archive: Uint8Array): Buffer {
  return gzipSync(archive, { level: 9 })
}

/**
 * An image as one file, the way `ctr images import`, `docker load` (25 and newer), `podman load` and `skopeo` read it.
 * Contract: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 *
 * @param reference full name with its tag, such as `berth.dev/berth:0.1.0`
 */
export function ociArchive(reference: string, config: ImageConfig, layers: readonly Layer[]): Buffer {
  const blobs = new Map<string, Uint8Array>()
  const blob = (type: string, content: Uint8Array) => {
    blobs.set(digest(content), content)
    return { mediaType: type, digest: digest(content), size: content.length }
  }
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  const layerDescriptors = layers.map(({ compressed }) => blob(mediaType.layer, compressed))
  const platform = { architecture: config.architecture, os: 'linux' }
  const configDescriptor = blob(
    mediaType.config,
    json({
      created: epoch,
      ...platform,
      config: { User: config.user, Env: config.env, Entrypoint: config.entrypoint, WorkingDir: '/', Labels: config.labels },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(({ comment }) => ({ created: epoch, created_by: comment })),
    }),
  )
  const manifest = { schemaVersion: 2, mediaType: mediaType.manifest, config: configDescriptor, layers: layerDescriptors }
  const annotations = {
    // containerd takes the whole reference; everybody else the tag.
    'io.containerd.image.name': reference,
    'org.opencontainers.image.ref.name': tagOf(reference),
  }
  const index = {
    schemaVersion: 2,
    mediaType: mediaType.index,
    manifests: [{ ...blob(mediaType.manifest, json(manifest)), platform, annotations }],
  }
  const file = (path: string, content: Uint8Array): TarEntry => ({ type: 'file', path, mode: 0o644, content })
  return tar([
    file('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    file('index.json', json(index)),
    { type: 'folder', path: 'blobs', mode: 0o755 },
    { type: 'folder', path: 'blobs/sha256', mode: 0o755 },
    ...[...blobs].map(([name, content]) => file(`blobs/${name.replace(':', '/')}`, content)),
  ])
}

/** The tag of a reference, `latest` without one. */
export function tagOf(reference: string): string {
  return /:([\w][\w.-]*)$/.exec(reference)?.[1] ?? 'latest'
}

export function digest(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}
