import { createHash } from 'node:crypto'
import { access, constants, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageCatalogue, ResolvedImage } from '../runtime/runtime.ts'
import { ContentHasher } from './content-hash.ts'
import { readImageFile, type ImageEntry, type ImageFields, type Problem } from './image-entry.ts'
import { formatReference, matchingParts, parseReference, type ImageReference } from './image-reference.ts'

export interface FolderCatalogueOptions {
  /** Folders with `image.yaml` or `<any>/image.yaml` in them. Of equally good matches the later folder wins. */
  readonly folders: readonly string[]
  /** The Node that images with `node: true` get. Default: the one that runs this process. */
  readonly nodePath?: string
  /** Where programs named in `requires` are searched on the host. */
  readonly hostPath?: readonly string[]
  /** Told once about each file that cannot be read. */
  readonly onProblem?: (problem: Problem) => void
}

interface Match {
  readonly entry: ImageEntry
  readonly fields: ImageFields
}

/** The image an entry and all those it starts from make together. */
interface Assembled {
  readonly fields: ImageFields
  /** The uppermost first. */
  readonly layers: readonly string[]
  readonly requires: readonly string[]
}

/** How many entries may start from each other. */
const longestChain = 10

/**
 * Images described by folders on this host. Files are read again whenever they changed, so a studio can add an image while a pod waits for it.
 */
export class FolderCatalogue implements ImageCatalogue {
  readonly #options: FolderCatalogueOptions
  readonly #hasher = new ContentHasher()
  #entries: readonly ImageEntry[] = []
  #problems: readonly Problem[] = []
  #read: { readonly signature: string; readonly done: Promise<void> } | undefined
  readonly #reported = new Set<Problem>()
  /** Why an image that has an entry cannot be used, by reference. */
  readonly #refusals = new Map<string, string>()

  constructor(options: FolderCatalogueOptions) {
    this.#options = options
  }

  /** What was wrong with the files when they were last read. */
  get problems(): readonly Problem[] {
    return this.#problems
  }

  async resolve(reference: string): Promise<ResolvedImage | undefined> {
    await this.#refresh()
    const parsed = parseReference(reference)
    const full = formatReference(parsed)
    this.#refusals.delete(full)
    try {
      const match = this.#find(parsed)
      return match && (await this.#image(full, parsed, match))
    } catch (error) {
      this.#refusals.set(full, error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  hint(reference: string): string {
    const parsed = parseReference(reference)
    const refusal = this.#refusals.get(formatReference(parsed))
    const name = parsed.repository.slice(parsed.repository.lastIndexOf('/') + 1)
    const folders = this.#options.folders.join(', ') || 'no folder'
    if (refusal !== undefined) return `image ${reference}: ${refusal}`
    const known = this.#entries.findLast(entry => entry.names.some(own => matchingParts(own, parsed.repository) > 0))
    const tags = known?.tags === undefined ? '' : ` (${known.source} has only the tags ${[...known.tags.keys()].join(', ')})`
    const faults = this.#problems.length === 0 ? '' : ` Not read: ${this.#problems.join('; ')}.`
    const example = `names: [${name}]\\nfiles: ./rootfs\\nentrypoint: [/srv/start.sh]\\nenv: {}`
    return `image ${reference} is not in the catalogue${tags}; searched: ${folders}. Add a file <folder>/${name}/image.yaml, for example "${example}".${faults}`
  }

  #find(reference: ImageReference): Match | undefined {
    let best: (Match & { readonly parts: number }) | undefined
    for (const entry of this.#entries) {
      const parts = Math.max(...entry.names.map(name => matchingParts(name, reference.repository)))
      if (parts === 0 || (best !== undefined && parts < best.parts)) continue
      const fields = fieldsForTag(entry, reference.tag)
      if (fields !== undefined) best = { entry, fields, parts }
    }
    return best
  }

  /** @throws Error with a sentence for the user when the entry cannot be used. */
  async #image(full: string, reference: ImageReference, match: Match): Promise<ResolvedImage> {
    const { fields, layers, requires } = this.#assemble(reference, match, 0)
    for (const layer of layers) {
      const found = await stat(layer).catch(() => undefined)
      if (found?.isDirectory() !== true) throw new Error(`${match.entry.source}: files: there is no folder ${layer}`)
    }
    for (const program of requires) {
      if (!(await this.#hasProgram(program, layers))) {
        throw new Error(`${match.entry.source}: requires: neither this host nor the image has the program ${program}`)
      }
    }
    const hashes = await Promise.all(layers.map(layer => this.#hasher.hash(layer)))
    const content = JSON.stringify([reference.tag ?? '', match.entry.names, { ...fields, files: undefined }, hashes])
    const { workingDir, stopSignal } = fields
    return {
      reference: full,
      id: `sha256:${createHash('sha256').update(content).digest('hex')}`,
      ...(layers.length > 0 && { layers }),
      ...(fields.node === true && { hostFiles: { '/usr/local/bin/node': this.#options.nodePath ?? process.execPath } }),
      entrypoint: fields.entrypoint ?? [],
      command: fields.command ?? [],
      env: fields.env ?? {},
      ...(workingDir !== undefined && { workingDir }),
      ...(stopSignal !== undefined && { stopSignal }),
    }
  }

  #assemble(reference: ImageReference, match: Match, depth: number): Assembled {
    const { entry, fields } = match
    const own: Assembled = {
      fields,
      layers: fields.files === undefined ? [] : [fields.files],
      requires: fields.requires ?? [],
    }
    if (fields.from === undefined) return own
    if (depth >= longestChain) throw new Error(`${entry.source}: from: the entries go around in circles`)
    const written = parseReference(fields.from)
    // `from: 2048` means the tag that was asked for, and where the other image does not have that, its latest.
    const candidates = fields.from.includes(':') || reference.tag === undefined ? [written] : [{ ...written, tag: reference.tag }, written]
    for (const candidate of candidates) {
      const found = this.#find(candidate)
      if (found === undefined) continue
      const base = this.#assemble(candidate, found, depth + 1)
      // A new entrypoint makes the other image's command meaningless, as in a Dockerfile.
      const { command, ...inherited } = base.fields
      const kept = fields.entrypoint === undefined && command !== undefined ? { ...inherited, command } : inherited
      return {
        fields: { ...kept, ...fields, env: { ...base.fields.env, ...fields.env } },
        layers: [...own.layers, ...base.layers],
        requires: [...base.requires, ...own.requires],
      }
    }
    throw new Error(
      `${entry.source}: from: ${fields.from} is not in the catalogue${candidates.length > 1 ? `, nor is its tag ${reference.tag}` : ''}`,
    )
  }

  async #hasProgram(program: string, layers: readonly string[]): Promise<boolean> {
    const folders = ['usr/local/sbin', 'usr/local/bin', 'usr/sbin', 'usr/bin', 'sbin', 'bin']
    const host = this.#options.hostPath ?? folders.map(folder => `/${folder}`)
    const candidates = [...host, ...layers.flatMap(layer => folders.map(folder => join(layer, folder)))].map(folder =>
      join(folder, program),
    )
    const found = await Promise.all(
      candidates.map(path =>
        access(path, constants.X_OK).then(
          () => true,
          () => false,
        ),
      ),
    )
    return found.includes(true)
  }

  async #refresh(): Promise<void> {
    const files = (await Promise.all(this.#options.folders.map(imageFiles))).flat()
    const signature = files.map(file => `${file.path} ${file.signature}`).join('\n')
    if (this.#read?.signature !== signature) this.#read = { signature, done: this.#load(files.map(file => file.path)) }
    await this.#read.done
  }

  async #load(paths: readonly string[]): Promise<void> {
    const results = await Promise.all(
      paths.map(async path => {
        try {
          return readImageFile(path, await readFile(path, 'utf8'))
        } catch (error) {
          return { entries: [], problems: [`${path}: ${String(error)}`] }
        }
      }),
    )
    this.#entries = results.flatMap(result => result.entries)
    this.#problems = results.flatMap(result => result.problems)
    for (const problem of this.#problems) {
      if (this.#reported.has(problem)) continue
      this.#reported.add(problem)
      this.#options.onProblem?.(problem)
    }
  }
}

function fieldsForTag(entry: ImageEntry, tag: string | undefined): ImageFields | undefined {
  const { source: _source, names: _names, tags, ...common } = entry
  if (tags === undefined) return common
  // A digest alone says nothing about the tag: only an entry that takes any tag can be meant.
  const special = (tag === undefined ? undefined : tags.get(tag)) ?? tags.get('*')
  if (special === undefined) return undefined
  return { ...common, ...special, ...((common.env ?? special.env) && { env: { ...common.env, ...special.env } }) }
}

async function imageFiles(folder: string): Promise<{ path: string; signature: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const names = entries.map(entry => entry.name).toSorted()
  const candidates = [join(folder, 'image.yaml'), ...names.map(name => join(folder, name, 'image.yaml'))]
  const found = await Promise.all(
    candidates.map(path =>
      stat(path).then(
        file => [{ path, signature: `${file.mtimeMs} ${file.size}` }],
        () => [],
      ),
    ),
  )
  return found.flat()
}
