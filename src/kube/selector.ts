/** One requirement of a label selector. */
export type LabelRequirement =
  | { readonly key: string; readonly operator: 'In' | 'NotIn'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'Exists' | 'DoesNotExist' }
  | { readonly key: string; readonly operator: 'Gt' | 'Lt'; readonly value: number }

export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[]
  matches(labels: Readonly<Record<string, string>> | undefined): boolean
}

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[]
  /** Fields the object does not have count as empty. */
  matches(fields: Readonly<Record<string, string>>): boolean
}

/** A selector text or object that cannot be read; the API answers it with 400. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError'
  readonly code = 'KUBE_BAD_SELECTOR'
}

/** The object form of a label selector, as in `spec.selector` of Deployments. */
export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

/**
 * Reads a label selector text: `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x)`, `a`, `!a`, `a>1`, `a<1`, joined by commas.
 * Empty text selects everything. Throws {@link SelectorError}.
 * Contract: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function parseLabelSelector(text: string | undefined): LabelSelector {
  return labelSelector(splitRequirements(text ?? '').map(part => parseLabelRequirement(part)))
}

/** Reads the object form. `undefined` selects nothing, `{}` everything, as Kubernetes defines it. Throws {@link SelectorError}. */
export function labelSelectorOf(object: LabelSelectorObject | undefined): LabelSelector {
  if (object === undefined) return { requirements: [], matches: () => false }
  const requirements: LabelRequirement[] = Object.entries(object.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }))
  for (const expression of object.matchExpressions ?? []) requirements.push(requirementOf(expression))
  return labelSelector(requirements)
}

/** Writes a selector as the text that list and watch requests take. */
export function formatLabelSelector(selector: LabelSelector): string {
  return selector.requirements.map(formatRequirement).join(',')
}

/** Reads a field selector text: `a.b=c`, `a.b==c`, `a.b!=c`, joined by commas; `\\,`, `\\=` and `\\\\` escape. Throws {@link SelectorError}. */
export function parseFieldSelector(text: string | undefined): FieldSelector {
  const requirements = splitEscaped(text ?? '').map(part => {
    const match = /^((?:[^\\=!]|\\.)*?)(!=|==|=)(.*)$/s.exec(part)
    const field = match?.[1]?.trim() ?? ''
    if (match === null || field === '') throw new SelectorError(`invalid selector: '${part}'; can't understand '${part}'`)
    return { field, operator: match[2] === '!=' ? ('!=' as const) : ('=' as const), value: (match[3] ?? '').replace(/\\([\\,=])/g, '$1') }
  })
  return {
    requirements,
    matches: fields => requirements.every(({ field, operator, value }) => ((fields[field] ?? '') === value) === (operator === '=')),
  }
}

function labelSelector(requirements: readonly LabelRequirement[]): LabelSelector {
  return { requirements, matches: labels => requirements.every(requirement => satisfies(requirement, labels?.[requirement.key])) }
}

function satisfies(requirement: LabelRequirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value)
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) > requirement.value
    case 'Lt':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) < requirement.value
  }
}

function parseLabelRequirement(part: string): LabelRequirement {
  const set = /^([^\s!=<>(),]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part)
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map(value => checkedValue(value.trim(), part))
    return { key: checkedKey(set[1], part), operator: set[2] === 'in' ? 'In' : 'NotIn', values }
  }
  const comparison = /^([^\s!=<>(),]+)\s*(==|=|!=|>|<)\s*([^\s!=<>(),]*)$/.exec(part)
  if (comparison !== null) {
    const key = checkedKey(comparison[1], part)
    const value = checkedValue(comparison[3] ?? '', part)
    if (comparison[2] === '>' || comparison[2] === '<') {
      if (!/^-?\d+$/.test(value))
        throw new SelectorError(
          `unable to parse requirement: values[0][${key}]: Invalid value: "${value}": for 'Gt', 'Lt' operators, the value must be an integer`,
        )
      return { key, operator: comparison[2] === '>' ? 'Gt' : 'Lt', value: Number(value) }
    }
    return { key, operator: comparison[2] === '!=' ? 'NotIn' : 'In', values: [value] }
  }
  const existence = /^(!?)\s*([^\s!=<>(),]+)$/.exec(part)
  if (existence !== null) return { key: checkedKey(existence[2], part), operator: existence[1] === '!' ? 'DoesNotExist' : 'Exists' }
  throw new SelectorError(`unable to parse requirement: found '${part}', expected: a key, a comparison, 'in' or 'notin'`)
}

function requirementOf(expression: {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}): LabelRequirement {
  const { key, operator, values = [] } = expression
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) throw new SelectorError(`for 'in', 'notin' operators, values set can't be empty (key '${key}')`)
      return { key, operator, values }
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) throw new SelectorError(`values set must be empty for exists and does not exist (key '${key}')`)
      return { key, operator }
    default:
      throw new SelectorError(`"${operator}" is not a valid label selector operator`)
  }
}

const keyPattern = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const valuePattern = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

function checkedKey(key: string | undefined, part: string): string {
  if (key === undefined || !keyPattern.test(key))
    throw new SelectorError(`unable to parse requirement: '${part}': "${key ?? ''}" is not a valid label key`)
  return key
}

function checkedValue(value: string, part: string): string {
  if (!valuePattern.test(value)) throw new SelectorError(`unable to parse requirement: '${part}': "${value}" is not a valid label value`)
  return value
}

function formatRequirement(requirement: LabelRequirement): string {
  switch (requirement.operator) {
    case 'In':
      return requirement.values.length === 1
        ? `${requirement.key}=${requirement.values[0]}`
        : `${requirement.key} in (${requirement.values.join(',')})`
    case 'NotIn':
      return requirement.values.length === 1
        ? `${requirement.key}!=${requirement.values[0]}`
        : `${requirement.key} notin (${requirement.values.join(',')})`
    case 'Exists':
      return requirement.key
    case 'DoesNotExist':
      return `!${requirement.key}`
    case 'Gt':
      return `${requirement.key}>${requirement.value}`
    case 'Lt':
      return `${requirement.key}<${requirement.value}`
  }
}

/** Splits at commas outside parentheses. */
function splitRequirements(text: string): string[] {
  if (text.trim() === '') return []
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let index = 0; index <= text.length; index += 1) {
    const letter = text[index]
    if (letter === '(') depth += 1
    else if (letter === ')') depth -= 1
    else if ((letter === ',' && depth === 0) || letter === undefined) {
      parts.push(text.slice(start, index).trim())
      start = index + 1
    }
  }
  return parts
}

/** Splits at commas that no backslash escapes. */
function splitEscaped(text: string): string[] {
  return text.trim() === ''
    ? []
    : text
        .split(/(?<=(?:^|[^\\])(?:\\\\)*),/)
        .map(part => part.replace(/,$/, '').trim())
        .filter(part => part !== '')
}
