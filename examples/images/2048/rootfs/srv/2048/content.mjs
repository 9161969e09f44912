/** What the server serves: the files below /var/www/html, held in memory from one (re)load to the next, as a web server's cache would. */
import { createHash } from 'node:crypto'
import { watch } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

export class Content {
  #folder
  #onChange
  /** @type {Map<string, { type: string, data: Buffer }>} */
  #files = new Map()
  #hash = ''
  /** @type {AbortSignal | undefined} */
  #watching
  /** @type {Set<string>} */
  #watched = new Set()
  #timer
  /** Counts the reloads that found something new. */
  generation = 0

  /** @param {string} folder @param {(content: Content) => void} onChange called after each reload that found something new */
  constructor(folder, onChange) {
    this.#folder = folder
    this.#onChange = onChange
  }

  /** Reads all files again. @returns {Promise<boolean>} whether anything changed */
  async reload() {
    const files = new Map()
    await this.#read(this.#folder, files)
    const hash = createHash('sha256')
    for (const [url, { data }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${url}\0${data.length}\0`).update(data)
    const digest = hash.digest('hex')
    if (digest === this.#hash) return false
    this.#hash = digest
    this.#files = files
    this.generation++
    this.#onChange(this)
    return true
  }

  /** @param {string} url path of a request @returns {{ type: string, data: Buffer } | undefined} */
  file(url) {
    return this.#files.get(url === '/' ? '/index.html' : url)
  }

  /** The texts of the game as the sidecar brought them; `version` is always there. */
  get texts() {
    try {
      return { version: 'none', ...JSON.parse(String(this.file('/js/content.json')?.data)) }
    } catch {
      return { version: this.#files.size > 1 ? this.#hash.slice(0, 12) : 'none' }
    }
  }

  /**
   * From now on reloads by itself when the kernel says that files changed, a moment after the last change.
   * @param {AbortSignal} signal
   */
  watch(signal) {
    this.#watching = signal
    return this.reload()
  }

  /** @param {string} folder @param {Map<string, { type: string, data: Buffer }>} files */
  async #read(folder, files) {
    this.#watchFolder(folder)
    // A file that rsync has not finished yet has a name with a leading dot.
    for (const name of (await readdir(folder)).filter(found => !found.startsWith('.'))) {
      const path = join(folder, name)
      try {
        if ((await stat(path)).isDirectory()) await this.#read(path, files)
        else
          files.set(path.slice(this.#folder.length), {
            type: types[extname(path)] ?? 'application/octet-stream',
            data: await readFile(path),
          })
      } catch (error) {
        // Gone between listing and reading: the next notification is on its way.
        if (error.code !== 'ENOENT') throw error
      }
    }
  }

  /** One watch per folder, since a mounted volume may be a link. @param {string} folder */
  #watchFolder(folder) {
    if (this.#watching === undefined || this.#watched.has(folder)) return
    this.#watched.add(folder)
    const watcher = watch(folder, { signal: this.#watching }, () => {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => void this.reload(), 100)
    })
    watcher.on('error', error => console.error(`no file notification in ${folder}: ${error.message}`))
  }
}
