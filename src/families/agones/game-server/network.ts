/**
 * The annotation `berth.dev/network`: a network that brings players to a server, as OpenKruiseGame's GameServerSets have it. In the metadata of
 * a template of servers, or of a GameServer. YAML or JSON:
 *
 *     berth.dev/network: |
 *       type: Volcengine-CLB            # any network type of GameServerSets
 *       conf:                           # its parameters …
 *         ClbIds: [clb-1, clb-2]        # (a list stands for its entries with commas between them)
 *         PortProtocols: 7654/UDP
 *       readyWhen: Reachable            # the default; or Requested
 *
 *     conf:                             # … or as in `networkConf`, where names may repeat
 *       - { name: ClbIds, value: clb-1 }
 *
 * `Reachable`: the server is Ready when its game says so and players get to it. `Requested`: as soon as its game says so; the address follows.
 * All values are texts, just as they are written. A Fleet whose template says something else gets other servers. Pure.
 */
import { parse } from 'yaml'
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { Parameter } from '../../../addresses/model.ts'
import { suggestion } from '../../../addresses/nearest.ts'
import { parameterErrors } from '../../../addresses/parameter-errors.ts'
import { parameterValidator } from '../../../addresses/parameter-validator.ts'
import type { FieldError } from '../../../schema/field-error.ts'

const readyTimes = ['Reachable', 'Requested'] as const

export interface Network {
  readonly type: string
  readonly parameters: readonly Parameter[]
  readonly readyWhen: (typeof readyTimes)[number]
}

/** The annotation as it was understood. Fields of errors begin behind the annotation's own: `.conf[0]`. */
export interface ReadNetwork {
  /** Undefined when there are errors. */
  readonly network: Network | undefined
  readonly errors: readonly FieldError[]
}

type Notes = Readonly<Record<string, string>>

/** What was read is kept: all servers of a fleet share it. */
const mostRead = 500
const known = new Map<string, ReadNetwork>()

/** Undefined: there is no annotation. */
export function networkOf(given: Notes | undefined): ReadNetwork | undefined {
  const text = given?.[annotations.network]
  if (text === undefined) return undefined
  let read = known.get(text)
  if (read === undefined) {
    if (known.size >= mostRead) known.clear()
    known.set(text, (read = readNetwork(text)))
  }
  return read
}

/** What is wrong with the annotation, by its field. */
export function networkErrors(path: string, given: Notes | undefined): FieldError[] {
  return (networkOf(given)?.errors ?? []).map(error => ({ ...error, field: `${path}[${annotations.network}]${error.field}` }))
}

const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, value, detail })

function readNetwork(text: string): ReadNetwork {
  const errors: FieldError[] = []
  let root: unknown
  try {
    // Nothing is taken for a number or a date: parameters are texts.
    root = parse(text, { schema: 'failsafe' })
  } catch (error) {
    const [said = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    return { network: undefined, errors: [invalid('', text, `is neither YAML nor JSON: ${said.replace(/:$/, '')}`)] }
  }
  if (!isMapping(root)) return { network: undefined, errors: [invalid('', text, 'must have a type and its conf, as YAML or JSON')] }
  for (const name of Object.keys(root)) {
    const fields = ['type', 'conf', 'readyWhen']
    if (!fields.includes(name)) errors.push(invalid(`.${name}`, root[name], `there is no such field${suggestion(name, fields)}`))
  }
  const { type = '', conf = [], readyWhen: asked = 'Reachable' } = root
  if (typeof type !== 'string') errors.push(invalid('.type', type, 'must be the name of a network type'))
  const readyWhen = readyTimes.find(one => one === asked)
  if (readyWhen === undefined)
    errors.push({ type: 'FieldValueNotSupported', field: '.readyWhen', value: asked, detail: 'supported values: "Reachable", "Requested"' })
  const entries = entriesOf(conf, errors)
  // What is half understood would only be told twice.
  if (errors.length > 0 || typeof type !== 'string' || readyWhen === undefined) return { network: undefined, errors }
  const parameters = entries.map(({ name, value }) => ({ name, value }))
  const fields = { type: '.type', parameters: '.conf', parameter: (index: number) => entries[index]?.field ?? '.conf' }
  errors.push(...parameterErrors(parameterValidator, type, parameters, fields))
  return errors.length > 0 ? { network: undefined, errors } : { network: { type, parameters, readyWhen }, errors: [] }
}

interface Entry extends Parameter {
  readonly field: string
}

function entriesOf(conf: unknown, errors: FieldError[]): Entry[] {
  const entry = (field: string, name: unknown, value: unknown): Entry[] => {
    const text = textOf(value)
    if (typeof name === 'string' && name !== '' && text !== undefined) return [{ field, name, value: text }]
    errors.push(
      typeof name === 'string' && name !== ''
        ? invalid(field, value, `${name}: must be a text or a list of texts; JSON stands in quotes`)
        : invalid(field, { name, value }, 'must have a name and a value'),
    )
    return []
  }
  if (isMapping(conf)) return Object.entries(conf).flatMap(([name, value]) => entry(`.conf[${name}]`, name, value))
  if (!Array.isArray(conf)) {
    // An empty one is that of YAML: nothing behind the colon.
    if (conf !== '') errors.push(invalid('.conf', conf, 'must be parameters by their names, or a list of name and value'))
    return []
  }
  return conf.flatMap((one: unknown, index) => {
    const field = `.conf[${index}]`
    if (!isMapping(one)) return entry(field, undefined, one)
    for (const key of Object.keys(one).filter(key => key !== 'name' && key !== 'value'))
      errors.push(invalid(`${field}.${key}`, one[key], `there is no such field${suggestion(key, ['name', 'value'])}`))
    return entry(field, one['name'], one['value'] ?? '')
  })
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return Array.isArray(value) && value.every(one => typeof one === 'string') ? value.join(',') : undefined
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
