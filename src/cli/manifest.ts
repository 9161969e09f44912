import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { LineCounter, parseAllDocuments, type ScalarTag, type Tags } from 'yaml'
import type { CliContext } from './context.ts'
import { usageError } from './exit-code.ts'

/** An object as a user wrote it. */
export interface ManifestObject {
  apiVersion: string
  kind: string
  metadata: { name?: string; generateName?: string; namespace?: string; labels?: Record<string, string> } & Record<string, unknown>
  [field: string]: unknown
}

export interface Manifest {
  /** Where it stands, for messages: `game.yaml:12`. */
  readonly source: string
  readonly object: ManifestObject
}

const endings = /\.(ya?ml|json)$/

/**
 * Reads objects from files, folders (their YAML and JSON files, in order of name; with `recursive` those below) and `-` for
 * standard input. Lists are taken apart.
 */
export async function readManifests(
  context: Pick<CliContext, 'cwd' | 'stdin'>,
  sources: readonly string[],
  recursive = false,
): Promise<Manifest[]> {
  const manifests: Manifest[] = []
  for (const source of sources) {
    if (source === '-') {
      manifests.push(...parseManifests(await readAll(context.stdin), 'standard input'))
      continue
    }
    for (const file of await filesOf(resolve(context.cwd, source), source, recursive)) {
      manifests.push(...parseManifests(await readFile(file, 'utf8'), file))
    }
  }
  return manifests
}

/** Reads all documents of a text. Throws a usage error that names file and line. */
export function parseManifests(text: string, file: string): Manifest[] {
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(text, { version: '1.1', customTags: kubernetesTags, lineCounter, merge: true })
  if ('empty' in documents) return []
  const manifests: Manifest[] = []
  for (const document of documents) {
    const [error] = document.errors
    if (error !== undefined) throw usageError(`${file}: ${error.message.split('\n')[0]}`)
    const value: unknown = document.toJS()
    if (value === null || value === undefined) continue
    const source = `${file}:${lineCounter.linePos(document.contents?.range?.[0] ?? 0).line}`
    for (const object of isList(value) ? value.items : [value]) manifests.push({ source, object: checkedObject(object, source) })
  }
  return manifests
}

/**
 * YAML as kubectl reads it: 1.1, so `on`, `y` and `No` are booleans and `0777` is octal, but dates and `12:30` stay texts,
 * and `0o777` is octal as well.
 */
function kubernetesTags(tags: Tags): Tags {
  const octal: ScalarTag = {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    format: 'OCT',
    test: /^[-+]?0o[0-7_]+$/,
    resolve: text => Number.parseInt(text.replace(/_|0o/g, ''), 8),
  }
  const kept = tags.filter(tag => {
    if (typeof tag !== 'object') return tag !== 'timestamp' && tag !== 'intTime' && tag !== 'floatTime'
    return tag.tag !== 'tag:yaml.org,2002:timestamp' && !('format' in tag && tag.format === 'TIME')
  })
  return [octal, ...kept]
}

function isList(value: unknown): value is { items: unknown[] } {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('items' in value)) return false
  return typeof value.kind === 'string' && value.kind.endsWith('List') && Array.isArray(value.items)
}

function checkedObject(value: unknown, source: string): ManifestObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw usageError(`${source}: this is no Kubernetes object`)
  const { apiVersion, kind, metadata } = value as Partial<ManifestObject>
  for (const [field, content] of [
    ['apiVersion', apiVersion],
    ['kind', kind],
  ] as const) {
    if (typeof content !== 'string' || content === '') throw usageError(`${source}: the object has no ${field}`)
  }
  if (typeof metadata !== 'object' || metadata === null || (metadata.name ?? metadata.generateName ?? '') === '') {
    throw usageError(`${source}: the ${kind} has no metadata.name`)
  }
  return value as ManifestObject
}

async function filesOf(path: string, asked: string, recursive: boolean): Promise<string[]> {
  const info = await stat(path).catch(() => undefined)
  if (info === undefined) throw usageError(`there is no file or folder ${asked}`)
  if (!info.isDirectory()) return [path]
  const entries = await readdir(path, { recursive, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile() && endings.test(entry.name)).map(entry => join(entry.parentPath, entry.name))
  if (files.length === 0) throw usageError(`the folder ${asked} has no .yaml, .yml or .json files`)
  return files.toSorted()
}

async function readAll(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of input) text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
  return text
}
