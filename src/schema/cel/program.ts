import { Environment, Optional } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'
import { registerKubernetesLibraries } from './libraries.ts'

/** A compiled CEL expression. */
export interface Program {
  /** Whether the expression looks at the previous value. */
  readonly usesOldSelf: boolean
  /**
   * Evaluates; throws with a message for people when the expression fails. `largest` is the size of the largest collection
   * in the values.
   */
  run(self: unknown, oldSelf: unknown, largest: number): unknown
}

/** An upper bound of steps for one expression, of the order of Kubernetes' own per-call limit. */
const stepLimit = 10_000_000
const comprehensions = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

let shared: Environment | undefined

function environment(): Environment {
  shared ??= registerKubernetesLibraries(
    new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
      .registerVariable('self', 'dyn')
      .registerVariable('oldSelf', 'dyn'),
  )
  return shared
}

const programs = new Map<string, Program>()
const mostPrograms = 2_000

/** Compiles an expression once; equal expressions share their program. Throws when it does not compile. */
export function compile(expression: string): Program {
  const known = programs.get(expression)
  if (known !== undefined) return known
  const parsed = environment().parse(expression)
  const check = parsed.check()
  if (!check.valid) throw new Error(firstLine(check.error ?? 'does not compile'), { cause: check.error })
  const weights: number[] = []
  let usesOldSelf = false
  measure(parsed.ast, 0, weights, () => (usesOldSelf = true))
  const program: Program = {
    usesOldSelf,
    run(self, oldSelf, largest) {
      if (costOf(weights, largest) > stepLimit) throw new Error('operation cancelled: actual cost limit exceeded')
      const result: unknown = parsed({ self, oldSelf })
      return result
    },
  }
  if (programs.size >= mostPrograms) programs.clear()
  programs.set(expression, program)
  return program
}

/** `oldSelf` of a rule with `optionalOldSelf`. */
export function optionalValue(value: unknown): unknown {
  return value === undefined ? Optional.none() : Optional.of(value)
}

/** The message of an error without the source excerpt that follows it, beginning as Go's messages do. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const line = text.split('\n')[0] ?? text
  return line.charAt(0).toLowerCase() + line.slice(1)
}

/** Steps grow with the size of the data once per nested comprehension: weights[d] nodes run size^d times. */
function costOf(weights: readonly number[], largest: number): number {
  return weights.reduce((total, weight, depth) => total + weight * Math.max(1, largest) ** depth, 0)
}

function measure(node: unknown, depth: number, weights: number[], seesOldSelf: () => void): void {
  if (Array.isArray(node)) {
    for (const item of node) measure(item, depth, weights, seesOldSelf)
    return
  }
  if (!isNode(node)) return
  weights[depth] = (weights[depth] ?? 0) + 1
  if (node.op === 'id' && node.args === 'oldSelf') seesOldSelf()
  if (node.op === 'rcall' && comprehensions.has(node.args[0])) {
    measure(node.args[1], depth, weights, seesOldSelf)
    measure(node.args[2], depth + 1, weights, seesOldSelf)
  } else measure(node.args, depth, weights, seesOldSelf)
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}
