import { createHash } from 'node:crypto'
import { canonicalJson } from '../../../schema/json.ts'
import type { Ask, Parameter, ParameterProblem } from '../../model.ts'
import { nearest, suggestion } from '../../nearest.ts'
import { parsePortProtocols } from '../../port-protocols.ts'
import type { ParameterRow, Role, ServiceRow } from './row.ts'
import { parseBoolean, parseKeyValues, parseNames, valueProblem } from './value.ts'

/** The parameters of a claim as the engine understands them. */
export interface ServiceSettings {
  readonly asks: readonly Ask[]
  /** Load balancers to choose from; empty when the cloud makes one. */
  readonly pools: readonly string[]
  /** Every server gets a load balancer of its own. */
  readonly createPool: boolean
  readonly fixed: boolean
  readonly spread: boolean
  readonly everyIngress: boolean
  readonly allowNotReady: readonly string[]
  readonly publishNotReady: boolean
  readonly externalTrafficPolicy: 'Cluster' | 'Local' | undefined
  readonly allocateNodePorts: boolean | undefined
  /** Annotations of the Service, the load balancer's id and the hash apart. */
  readonly annotations: Readonly<Record<string, string>>
  /** Changes when anything here changes. */
  readonly hash: string
}

export type ParsedSettings =
  | { readonly ok: true; readonly settings: ServiceSettings }
  | { readonly ok: false; readonly problems: readonly ParameterProblem[] }

/** Reads parameters by a row. Of a repeated parameter the last value counts, as in the original. */
export function parseSettings(row: ServiceRow, parameters: readonly Parameter[]): ParsedSettings {
  const problems: ParameterProblem[] = []
  const values = new Map<string, string>()
  const passedThrough: Record<string, string> = {}
  for (const [index, { name, value }] of parameters.entries()) {
    const known = Object.hasOwn(row.parameters, name) ? row.parameters[name] : undefined
    if (known !== undefined) {
      const problem = valueProblem(known, value)
      if (problem !== undefined) problems.push({ index, name, message: `${name} ${problem}` })
      values.set(name, value)
    } else if (row.annotationPrefix !== undefined && name.startsWith(row.annotationPrefix)) {
      passedThrough[name] = value
    } else {
      problems.push({
        index,
        name,
        message: `${row.provider} has no parameter ${JSON.stringify(name)}${suggestion(name, Object.keys(row.parameters))}`,
      })
    }
  }
  // A mistyped name is one mistake, not two.
  const meant = new Set(problems.map(problem => nearest(problem.name, Object.keys(row.parameters))))
  problems.push(...missing(row, values).filter(problem => !meant.has(problem.name)))
  if (problems.length > 0) return { ok: false, problems }
  const settings = build(row, values, passedThrough)
  return { ok: true, settings: { ...settings, hash: createHash('sha256').update(canonicalJson(settings)).digest('hex').slice(0, 16) } }
}

function missing(row: ServiceRow, values: ReadonlyMap<string, string>): ParameterProblem[] {
  const problems: ParameterProblem[] = []
  for (const [name, parameter] of Object.entries(row.parameters)) {
    if (parameter.required === true && !values.has(name)) problems.push({ name, message: `${row.provider} needs the parameter ${name}` })
  }
  if (row.loadBalancer === undefined) return problems
  const pools = namesWith(row, 'pools')
  const create = namesWith(row, 'create')
  if (create.length === 0) return problems
  const given = [...pools, ...create].filter(name => values.has(name))
  const [name = '', other = ''] = [...pools, ...create]
  if (given.length === 0) problems.push({ name, message: `${row.provider} needs ${name} or ${other}` })
  if (given.length > 1) problems.push({ name: other, message: `${name} and ${other} exclude each other` })
  return problems
}

function namesWith(row: ServiceRow, role: Role): string[] {
  return Object.keys(row.parameters).filter(name => row.parameters[name]?.role === role)
}

function build(
  row: ServiceRow,
  values: ReadonlyMap<string, string>,
  passedThrough: Readonly<Record<string, string>>,
): Omit<ServiceSettings, 'hash'> {
  const valueOf = (name: string) => values.get(name) ?? row.parameters[name]?.default
  const byRole = (role: Role) =>
    namesWith(row, role)
      .map(valueOf)
      .find(value => value !== undefined)
  const flag = (role: Role) => parseBoolean(byRole(role) ?? 'false') ?? false
  const ports = parsePortProtocols(byRole('ports') ?? '')
  const policy = byRole('externalTrafficPolicy')
  const nodePorts = byRole('allocateNodePorts')

  const annotations: Record<string, string> = { ...row.loadBalancer?.annotations }
  for (const [name, parameter] of Object.entries(row.parameters)) {
    const value = annotationValue(parameter, valueOf(name))
    const applies = parameter.when === undefined || valueOf(parameter.when.parameter) === parameter.when.is
    if (parameter.annotation !== undefined && value !== undefined && applies) annotations[parameter.annotation] = value
  }
  return {
    asks: ports.ok ? ports.asks : [],
    pools: parseNames(byRole('pools') ?? ''),
    createPool: byRole('create') !== undefined,
    fixed: flag('fixed'),
    spread: flag('spread'),
    everyIngress: flag('everyIngress'),
    allowNotReady: parseNames(byRole('allowNotReady') ?? ''),
    publishNotReady: flag('publishNotReady'),
    externalTrafficPolicy: policy === 'Cluster' || policy === 'Local' ? policy : undefined,
    allocateNodePorts: nodePorts === undefined ? undefined : parseBoolean(nodePorts),
    annotations: { ...annotations, ...passedThrough, ...parseKeyValues(byRole('annotations') ?? '') },
  }
}

function annotationValue(parameter: ParameterRow, value: string | undefined): string | undefined {
  if (value === undefined || parameter.form !== 'boolean') return value
  return String(parseBoolean(value) ?? value)
}
