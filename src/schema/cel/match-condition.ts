import { Environment } from '@marcbachmann/cel-js'
import { registerKubernetesLibraries } from './libraries.ts'
import { firstLine } from './program.ts'
import { untypedToCel } from './values.ts'

/** What the conditions of a webhook may look at: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchconditions */
export interface AdmissionVariables {
  /** The new state; null on DELETE. */
  readonly object: unknown
  /** The stored state; null on CREATE. */
  readonly oldObject: unknown
  /** The request of the AdmissionReview, without the two objects. */
  readonly request: unknown
}

type Condition = (variables: Record<string, unknown>) => unknown

let shared: Environment | undefined

// `authorizer` is not offered: expressions that use it do not compile.
function environment(): Environment {
  shared ??= registerKubernetesLibraries(
    new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
      .registerVariable('object', 'dyn')
      .registerVariable('oldObject', 'dyn')
      .registerVariable('request', 'dyn'),
  )
  return shared
}

const conditions = new Map<string, Condition>()
const mostConditions = 500

function compile(expression: string): Condition {
  const known = conditions.get(expression)
  if (known !== undefined) return known
  const parsed = environment().parse(expression)
  const check = parsed.check()
  if (!check.valid) throw new Error(firstLine(check.error ?? 'does not compile'), { cause: check.error })
  if (conditions.size >= mostConditions) conditions.clear()
  conditions.set(expression, parsed)
  return parsed
}

/** Why an expression cannot be a match condition; undefined when it can. */
export function matchConditionProblem(expression: string): string | undefined {
  try {
    compile(expression)
    return undefined
  } catch (error) {
    return `compilation failed: ${firstLine(error)}`
  }
}

/**
 * Whether all conditions hold. As Kubernetes does it: one that is false decides, whatever others say; throws when none is false and one
 * cannot be evaluated.
 */
export function matchConditionsHold(
  matchConditions: readonly { readonly name: string; readonly expression: string }[],
  { object, oldObject, request }: AdmissionVariables,
): boolean {
  if (matchConditions.length === 0) return true
  const variables = { object: untypedToCel(object), oldObject: untypedToCel(oldObject), request: untypedToCel(request) }
  const failures: string[] = []
  for (const { name, expression } of matchConditions) {
    try {
      const result = compile(expression)(variables)
      if (result === false) return false
      if (result !== true) throw new Error('must evaluate to bool')
    } catch (error) {
      failures.push(`match condition ${JSON.stringify(name)}: ${firstLine(error)}`)
    }
  }
  if (failures.length > 0) throw new Error(failures.join('; '))
  return true
}
