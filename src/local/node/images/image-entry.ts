import { dirname, resolve } from 'node:path'
import { isMap, parseAllDocuments, type Document } from 'yaml'

/** What an image is made of: the keys that an entry and each of its tags can have. */
export interface ImageFields {
  /** Reference of another entry that this one starts from. Without a tag: the tag that was asked for. */
  readonly from?: string
  /** Absolute path of a folder that lies over the container's root. */
  readonly files?: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly workingDir?: string
  readonly stopSignal?: string
  /** Whether `/usr/local/bin/node` is the Node that runs the cluster. */
  readonly node?: boolean
  /** Programs that must be on the host or in `files`. */
  readonly requires?: readonly string[]
}

/** One document of an `image.yaml`. */
export interface ImageEntry extends ImageFields {
  /** The file, for messages. */
  readonly source: string
  readonly names: readonly string[]
  /** What is different under each tag; `*` stands for all others. Absent: every tag is the same image. */
  readonly tags?: ReadonlyMap<string, ImageFields>
}

/** Something that is wrong in an `image.yaml`, for people: names the file and the key. */
export type Problem = string

type Kind = 'text' | 'list' | 'map' | 'boolean' | 'path'
const fieldKinds: Readonly<Record<keyof ImageFields, Kind>> = {
  from: 'text',
  files: 'path',
  entrypoint: 'list',
  command: 'list',
  env: 'map',
  workingDir: 'text',
  stopSignal: 'text',
  node: 'boolean',
  requires: 'list',
}
const entryKeys = ['names', 'tags', ...Object.keys(fieldKinds)]

/** Reads an `image.yaml`. A faulty document is reported and left out; the other documents of the file count. */
export function readImageFile(source: string, text: string): { entries: ImageEntry[]; problems: Problem[] } {
  const entries: ImageEntry[] = []
  const problems: Problem[] = []
  // Tags like 1.10 are text: with the failsafe schema no scalar becomes a number, and `yes` stays `yes`.
  const documents = parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: true })
  for (const document of Array.isArray(documents) ? documents : []) {
    const reader = new Reader(source)
    const entry = reader.entry(document)
    if (entry !== undefined && reader.problems.length === 0) entries.push(entry)
    problems.push(...reader.problems)
  }
  return { entries, problems }
}

class Reader {
  readonly problems: Problem[] = []
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  entry(document: Document.Parsed): ImageEntry | undefined {
    for (const error of document.errors) this.#fail('', error.message.split('\n')[0] ?? 'not YAML')
    if (document.errors.length > 0) return undefined
    const value: unknown = document.toJS()
    if (value === null || value === '') return undefined
    if (!isMap(document.contents) || !isRecord(value)) return this.#fail('', 'an image is described by keys and values')
    this.#refuseUnknown(value, entryKeys, '')
    const names = this.#strings(value['names'], 'names')
    if (names === undefined || names.length === 0) return this.#fail('names', 'at least one image name is required')
    const tags = this.#tags(value['tags'])
    return { source: this.#source, names, ...this.#fields(value, ''), ...(tags !== undefined && { tags }) }
  }

  #tags(value: unknown): Map<string, ImageFields> | undefined {
    if (value === undefined) return undefined
    if (Array.isArray(value)) return new Map((this.#strings(value, 'tags') ?? []).map(tag => [tag, {}]))
    if (!isRecord(value)) return this.#fail('tags', 'must be a list of tags, or a map from tags to what is different')
    return new Map(
      Object.entries(value).map(([tag, fields]) => {
        if (fields === '' || fields === null) return [tag, {}]
        if (!isRecord(fields)) {
          this.#fail(`tags.${tag}`, 'must be a map')
          return [tag, {}]
        }
        this.#refuseUnknown(fields, Object.keys(fieldKinds), `tags.${tag}.`)
        return [tag, this.#fields(fields, `tags.${tag}.`)]
      }),
    )
  }

  #fields(value: Readonly<Record<string, unknown>>, prefix: string): ImageFields {
    const read = Object.entries(fieldKinds).flatMap(([key, kind]): [string, unknown][] => {
      const given = value[key]
      if (given === undefined) return []
      const result = this.#field(given, kind, prefix + key)
      return result === undefined ? [] : [[key, result]]
    })
    return Object.fromEntries(read)
  }

  #field(value: unknown, kind: Kind, key: string): unknown {
    switch (kind) {
      case 'text':
        return typeof value === 'string' ? value : this.#fail(key, 'must be text')
      case 'path':
        return typeof value === 'string' ? resolve(dirname(this.#source), value) : this.#fail(key, 'must be the path of a folder')
      case 'boolean':
        return value === 'true' || value === 'false' ? value === 'true' : this.#fail(key, 'must be true or false')
      case 'list':
        return this.#strings(value, key)
      case 'map':
        if (!isRecord(value) || Object.values(value).some(item => typeof item !== 'string'))
          return this.#fail(key, 'must be a map of texts')
        return value
    }
  }

  #strings(value: unknown, key: string): string[] | undefined {
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value
    return this.#fail(key, 'must be a list of texts, such as [a, b]')
  }

  #refuseUnknown(value: Readonly<Record<string, unknown>>, known: readonly string[], prefix: string): void {
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) this.#fail(prefix + key, `unknown key; known are ${known.join(', ')}`)
    }
  }

  #fail(key: string, message: string): undefined {
    this.problems.push(`${this.#source}: ${key === '' ? '' : `${key}: `}${message}`)
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
