// Builds the container image without a container engine: one OCI archive for `ctr -n k8s.io images import`, `docker load`, `podman load`.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ownVersion } from '../../src/main/version.ts'
import { bundle } from './bundle.ts'
import { gzip, layer, ociArchive } from './oci-archive.ts'
import { programFiles, systemFiles, user } from './root-files.ts'
import type { TarEntry } from './tar.ts'

const usage = `Usage: npm run image -- [options]

Options:
  -o, --output <file>      where to write the archive (default: .berth/berth-<version>.tar)
  --reference <name:tag>   name of the image (default: berth.dev/berth:<version>)
  --root <folder>          write the image's root folder instead of an archive, for a Containerfile
  -h, --help               this text
`

const { values } = parseArgs({
  options: {
    output: { type: 'string', short: 'o' },
    reference: { type: 'string' },
    root: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

const repository = resolve(import.meta.dirname, '../..')
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

if (values.help === true) process.stdout.write(usage)
else if (values.root !== undefined) writeRoot(resolve(values.root), [...systemFiles(), ...programFiles(await bundle())])
else await writeArchive()

async function writeArchive(): Promise<void> {
  const version = ownVersion()
  const { reference = `berth.dev/berth:${version}`, output = join(repository, '.berth', `berth-${version}.tar`) } = values
  const architecture = architectures[process.arch]
  if (process.platform !== 'linux' || architecture === undefined) throw new Error('the image is built on Linux, for amd64 or arm64')
  const layers = [
    layer(systemFiles(), `Node.js ${process.version} and the libraries it needs`, cached),
    layer(programFiles(await bundle()), `Berth ${version}`),
  ]
  const archive = ociArchive(
    reference,
    {
      architecture,
      user: `${user.id}:${user.id}`,
      entrypoint: ['/usr/bin/berth'],
      env: ['PATH=/usr/bin', 'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'],
      labels: {
        'org.opencontainers.image.title': 'berth',
        'org.opencontainers.image.description': 'Dedicated game servers on Kubernetes',
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.version': version,
      },
    },
    layers,
  )
  write(output, archive)
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
  const sizes = layers.map(({ comment, compressed }) => `  ${megabytes(compressed.length)}  ${comment}`)
  process.stdout.write(`${reference}: ${megabytes(archive.length)} compressed, in ${output}\n${sizes.join('\n')}\n`)
}

/** Compressing Node takes ten seconds and its layer is nearly always the same one. */
function cached(archive: Buffer, diffId: string): Buffer {
  const file = join(repository, 'node_modules/.cache/berth-image', `${diffId.replace(':', '-')}-zlib-${process.versions.zlib}.gz`)
  if (existsSync(file)) return readFileSync(file)
  const compressed = gzip(archive)
  write(file, compressed)
  return compressed
}

function write(file: string, content: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true })
  // At no moment is half of it there.
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, content)
  renameSync(fresh, file)
}

function writeRoot(folder: string, entries: readonly TarEntry[]): void {
  for (const entry of entries) {
    const path = join(folder, entry.path)
    if (entry.type === 'link') {
      rmSync(path, { force: true })
      symlinkSync(entry.target, path)
      continue
    }
    if (entry.type === 'folder') mkdirSync(path, { recursive: true })
    else writeFileSync(path, entry.content)
    // Not at creation, where the process's umask would count.
    chmodSync(path, entry.mode)
  }
  process.stdout.write(`${folder}: ${entries.length} files and folders\n`)
}
