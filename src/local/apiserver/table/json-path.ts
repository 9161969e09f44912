import { isJsonObject } from '../../../schema/json.ts'

type Step = (values: readonly unknown[]) => unknown[]

/** A compiled path: the values it finds, in order; none when a part is missing. */
export type JsonPath = (value: unknown) => unknown[]

/**
 * Compiles the JSON paths of `additionalPrinterColumns` and of scale subresources: `.a.b`, `.a\.b`, `['a.b']`, `[0]`, `[-1]`, `[*]`,
 * `[?(@.type=="Ready")]`, with or without braces. Undefined for what is no such path.
 * Contract: https://kubernetes.io/docs/reference/kubectl/jsonpath/
 */
export function compileJsonPath(path: string): JsonPath | undefined {
  let rest = path.trim()
  if (rest.startsWith('{') && rest.endsWith('}')) rest = rest.slice(1, -1)
  if (rest.startsWith('$')) rest = rest.slice(1)
  const steps: Step[] = []
  while (rest !== '') {
    const parsed = parseStep(rest)
    if (parsed === undefined) return undefined
    steps.push(parsed.step)
    rest = rest.slice(parsed.length)
  }
  return value => steps.reduce<unknown[]>((values, step) => step(values), [value])
}

function parseStep(text: string): { step: Step; length: number } | undefined {
  const wildcard = /^(?:\.\*|\[\*\])/.exec(text)
  if (wildcard !== null) return { step: values => values.flatMap(children), length: wildcard[0].length }
  const field = /^\.((?:\\.|[^.[\]\\])+)/.exec(text)
  if (field !== null) return { step: member((field[1] ?? '').replace(/\\(.)/g, '$1')), length: field[0].length }
  const quoted = /^\.?\[(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\]/.exec(text)
  if (quoted !== null) return { step: member((quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1')), length: quoted[0].length }
  const index = /^\[(-?\d+)\]/.exec(text)
  if (index !== null) return { step: item(Number(index[1])), length: index[0].length }
  const filter = /^\[\?\(\s*@((?:\.(?:\\.|[\w/-])+)+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([\w.-]+))\s*\)\]/.exec(text)
  if (filter !== null) {
    const operand = compileJsonPath(filter[1] ?? '')
    if (operand === undefined) return undefined
    const wanted = filter[3] ?? filter[4] ?? filter[5] ?? ''
    const holds = (value: unknown) => {
      const found = operand(value)[0]
      return found !== undefined && ((typeof found === 'string' ? found : JSON.stringify(found)) === wanted) === (filter[2] === '==')
    }
    return { step: values => values.flatMap(children).filter(holds), length: filter[0].length }
  }
  return text === '.' ? { step: values => [...values], length: 1 } : undefined
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  return isJsonObject(value) ? Object.values(value) : []
}

const member =
  (name: string): Step =>
  values =>
    values.flatMap(value => (isJsonObject(value) && Object.hasOwn(value, name) && value[name] !== undefined ? [value[name]] : []))

const item =
  (index: number): Step =>
  values =>
    values.flatMap(value => {
      const found: unknown = Array.isArray(value) ? value.at(index) : undefined
      return found === undefined ? [] : [found]
    })
