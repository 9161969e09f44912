import { isJsonObject } from '../../src/schema/json.ts'
import { type Answer, type Answers, valueAt } from './player.ts'
import type { Chapter, Step } from './step.ts'

/** The headers that clients act upon. The rest names one request (`audit-id`), its priority level, or the connection. */
const comparedHeaders = ['content-type', 'warning', 'retry-after', 'www-authenticate', 'location', 'allow']

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const timestamp = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g
const certificate = /-----BEGIN CERTIFICATE-----\n[\w+/=\n]+-----END CERTIFICATE-----/g
const token = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/

/** Writers of a real cluster that an embedded one has in one process, or not at all. */
const controllers = new Set(['kube-controller-manager', 'kube-scheduler', 'kube-apiserver'])

/** The volume that the real server's admission gives every pod for its service account; the embedded node mounts the same files by itself. */
const isAccountVolume = (item: unknown): boolean => isJsonObject(item) && String(item['name']).startsWith('kube-api-access-')

/** The object that a patch made, quoted where it is refused: its members stand in the order of Go's encoder, which says nothing. */
const patchedObject = /(Invalid value: )"\{.*\}"(: )/s

/** Where a spec may not change, Kubernetes prints the difference of two Go structs, and the embedded server the names of the fields. */
const printedDifference = /\n(@@ .*|  changed: .*)$/s

/**
 * Makes the answers of two servers comparable: what each server chose (uids, versions, addresses, ports, generated names, moments) is called
 * by the step and field where it was first seen, so that equal values stay equal and different ones different.
 */
export function normalised(chapter: Chapter, answers: Answers): Map<string, Answer> {
  const names = new Names(chapter.shared === true)
  const result = new Map<string, Answer>()
  for (const step of chapter.steps) {
    const answer = answers.get(step.name)
    if (answer === undefined) continue
    names.learn(step.name, answer.body)
    names.learnGenerated(step)
    const body = inOrder(names.value(answer.body, ''))
    if (step.silent !== true) result.set(step.name, { status: answer.status, headers: headersOf(answer, names), body: shown(step, body) })
  }
  return result
}

function headersOf({ headers }: Answer, names: Names): Record<string, string> {
  return Object.fromEntries(comparedHeaders.flatMap(name => (headers[name] === undefined ? [] : [[name, names.text(headers[name])]])))
}

function shown({ only, among }: Step, body: unknown): unknown {
  if (among !== undefined) {
    const list = valueAt(body, among.list)
    if (!Array.isArray(list)) return body
    const byMember = (item: unknown): string => String(valueAt(item, among.member))
    return list.filter(item => among.values.includes(byMember(item))).toSorted((a, b) => byMember(a).localeCompare(byMember(b)))
  }
  return only === undefined ? body : Object.fromEntries(only.map(path => [path, valueAt(body, path) ?? null]))
}

function writerOf(entry: unknown): string {
  return isJsonObject(entry) ? ['operation', 'manager', 'subresource'].map(member => JSON.stringify(entry[member] ?? '')).join(' ') : ''
}

/** Errors of a custom resource come in the order of Go's maps: any. */
function inOrder(body: unknown): unknown {
  if (!isJsonObject(body) || body['kind'] !== 'Status' || !isJsonObject(body['details'])) return body
  const { causes } = body['details']
  if (!Array.isArray(causes) || causes.length < 2 || !causes.every(isJsonObject)) return body
  const textOf = (cause: Readonly<Record<string, unknown>>): string => `${String(cause['field'])}: ${String(cause['message'])}`
  // Kubernetes looks at metadata up to four times and says what is wrong with it as often.
  const distinct = causes.filter((cause, index) => causes.findIndex(other => textOf(other) === textOf(cause)) === index)
  const sorted = distinct.toSorted((a, b) => textOf(a).localeCompare(textOf(b)))
  const texts = [...new Set(sorted.map(textOf))]
  const message = String(body['message'])
  const start = message.indexOf(': [')
  return {
    ...body,
    message: start < 0 || texts.length < 2 ? message : `${message.slice(0, start)}: [${texts.join(', ')}]`,
    details: { ...body['details'], causes: sorted },
  }
}

class Names {
  readonly #known = new Map<string, string>()
  readonly #versions = new Map<string, string>()
  /** Pieces of text that are replaced wherever they stand. */
  readonly #pieces = new Map<string, string>()
  readonly #prefixes = new Set<string>()
  readonly #shared: boolean

  constructor(shared: boolean) {
    this.#shared = shared
  }

  /** Finds what the server chose. */
  learn(step: string, body: unknown): void {
    this.#learn(step, body, '', undefined)
  }

  /** Also the name of what was refused was generated. */
  learnGenerated({ body }: Step): void {
    const metadata = isJsonObject(body) && isJsonObject(body['metadata']) ? body['metadata'] : {}
    if (typeof metadata['generateName'] === 'string') this.#prefixes.add(metadata['generateName'])
  }

  #learn(step: string, value: unknown, path: string, parent: Readonly<Record<string, unknown>> | undefined): void {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) this.#learn(step, item, `${path}.${index}`, undefined)
      return
    }
    if (typeof value === 'string') for (const [found] of value.matchAll(uuid)) this.#name(this.#known, found, `<uid ${step}${path}>`)
    const key = path.slice(path.lastIndexOf('.') + 1)
    if (key === 'resourceVersion' && typeof value === 'string') this.#name(this.#versions, value, `<version ${step}${path}>`)
    if (/(^|\.)clusterIPs?(\.0)?$/.test(path) && typeof value === 'string' && /^\d+\.\d+\.\d+\.\d+$/.test(value)) {
      this.#name(this.#pieces, value, `<ip ${step}${path}>`)
    }
    if (key.endsWith('odePort') && typeof value === 'number' && value >= 30_000)
      this.#name(this.#pieces, String(value), `<port ${step}${path}>`)
    if (!isJsonObject(value)) return
    const { name, generateName } = value
    if (typeof generateName === 'string' && generateName !== '' && typeof name === 'string' && name.startsWith(generateName)) {
      this.#name(this.#pieces, name, `${generateName}<generated ${step}>`)
    }
    for (const member of Object.keys(value).toSorted()) {
      for (const [found] of member.matchAll(uuid)) this.#name(this.#known, found, `<uid ${step}${path}>`)
      this.#learn(step, value[member], `${path}.${member}`, parent)
    }
  }

  #name(names: Map<string, string>, value: string, name: string): void {
    if (!names.has(value)) names.set(value, name)
  }

  value(value: unknown, path: string, isList = false): unknown {
    if (typeof value === 'string') return this.#string(value, path, isList)
    if (typeof value === 'number') return path.endsWith('odePort') ? (this.#pieces.get(String(value)) ?? value) : value
    if (Array.isArray(value)) return this.#items(value, path)
    if (!isJsonObject(value)) return value
    const isCollection =
      /(List|^Table)$/.test(String(value['kind'])) || value['type'] === 'BOOKMARK' || (isList && path.endsWith('.metadata'))
    const isColumn = /\.columnDefinitions\.\d+$/.test(path)
    const isShown = (key: string): boolean => {
      const member = value[key]
      // Columns are described by Go's documentation of the field.
      if (isColumn && key === 'description') return false
      return !(Array.isArray(member) && member.length > 0 && member.every(isAccountVolume))
    }
    return Object.fromEntries(
      Object.keys(value)
        .filter(isShown)
        .map(key => [
          this.text(key),
          this.value(
            value[key],
            `${path}.${key}`,
            (isCollection && key === 'metadata') ||
              (value['type'] === 'BOOKMARK' && key === 'object') ||
              (isList && (key === 'metadata' || key === 'resourceVersion')),
          ),
        ]),
    )
  }

  #items(items: readonly unknown[], path: string): unknown[] {
    const kept =
      path.endsWith('.managedFields') && this.#shared
        ? items.filter(item => !isJsonObject(item) || !controllers.has(String(item['manager'])))
        : items.filter(item => !isAccountVolume(item))
    const values = kept.map((item, index) => this.value(item, `${path}.${index}`))
    // Kubernetes sorts writers by the second in which they wrote.
    if (path.endsWith('.managedFields')) return values.toSorted((a, b) => writerOf(a).localeCompare(writerOf(b)))
    return /\.rows\.\d+\.cells$/.test(path)
      ? values.map(cell => (typeof cell === 'string' ? cell.replace(/^\d+(ms|s|m)(\d+s)?$/, '<age>') : cell))
      : values
  }

  #string(value: string, path: string, isList: boolean): string {
    if (path.endsWith('.resourceVersion')) return isList || this.#shared ? '<revision>' : (this.#versions.get(value) ?? value)
    if (path.endsWith('.continue') && value !== '') return '<continue>'
    if (token.test(value)) return '<token>'
    return this.text(value)
  }

  text(value: string): string {
    let text = value
      .replaceAll(uuid, found => this.#known.get(found) ?? found)
      .replaceAll(timestamp, (found, fraction: string | undefined) => {
        const isNow = Math.abs(Date.parse(found) - Date.now()) < 86_400_000
        return isNow ? (fraction === undefined ? '<time>' : '<precise time>') : found
      })
      .replaceAll(
        /(ResourceVersion in object meta: )(\d+)/g,
        (_, before: string, version: string) => before + (this.#versions.get(version) ?? version),
      )
      .replaceAll(/((?:, current: |resource version: \d+ \(|ResourceVersion in record \(|resourceVersion: "))\d+/g, '$1<revision>')
      .replaceAll(certificate, '<certificate>')
    text = text.replace(patchedObject, '$1<object>$2').replace(printedDifference, '\n<difference>')
    for (const [piece, name] of this.#pieces) if (text.includes(piece)) text = text.replaceAll(piece, name)
    for (const prefix of this.#prefixes) {
      if (text.includes(prefix))
        text = text.replaceAll(new RegExp(`${prefix}[bcdfghjklmnpqrstvwxz2456789]{5}\\b`, 'g'), `${prefix}<generated>`)
    }
    return text
  }
}
