import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Writable } from 'node:stream'

/** Files up to this size count by content; larger ones by size and time of change, so that a game of gigabytes starts at once. */
const hashedWhole = 4 * 1024 * 1024

/** Hashes folders of files; remembers the result as long as no file in them changed. */
export class ContentHasher {
  readonly #known = new Map<string, { readonly signature: string; readonly hash: string }>()

  /** Hex digest over paths, modes and contents. */
  async hash(folder: string): Promise<string> {
    const files = await listFiles(folder, '')
    const signature = files.map(file => `${file.path} ${file.mode} ${file.size} ${file.changed}`).join('\n')
    const known = this.#known.get(folder)
    if (known?.signature === signature) return known.hash
    const digest = createHash('sha256')
    for (const file of files) {
      digest.update(`${file.path}\0${file.mode}\0${file.size}\0`)
      if (file.link !== undefined) digest.update(file.link)
      else if (file.size <= hashedWhole) await addContent(digest, join(folder, file.path))
      else digest.update(String(file.changed))
    }
    const hash = digest.digest('hex')
    this.#known.set(folder, { signature, hash })
    return hash
  }
}

interface FoundFile {
  readonly path: string
  readonly mode: number
  readonly size: number
  readonly changed: number
  readonly link?: string
}

async function listFiles(folder: string, prefix: string): Promise<FoundFile[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  const found: FoundFile[] = []
  for (const entry of entries) {
    const path = prefix + entry.name
    if (entry.isDirectory()) {
      found.push(...(await listFiles(join(folder, entry.name), `${path}/`)))
      continue
    }
    const full = join(folder, entry.name)
    const { mode, size, mtimeMs } = await lstat(full)
    // Only who may run a file is content; the rest of the mode depends on the umask of whoever checked the files out.
    const file = { path, mode: mode & 0o111, size, changed: mtimeMs }
    found.push(entry.isSymbolicLink() ? { ...file, link: await readlink(full) } : file)
  }
  return found
}

async function addContent(digest: Hash, path: string): Promise<void> {
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      digest.update(chunk)
      done()
    },
  })
  await pipeline(createReadStream(path), sink)
}
