import type { FieldError } from '../field-error.ts'
import { appendRulePath, childPath, indexPath } from '../field-path.ts'
import { canonicalJson, equalJson, isJsonObject } from '../json.ts'
import { schemaReaches } from '../reach.ts'
import type { StructuralSchema, ValidationRule } from '../structural.ts'
import { compile, firstLine, optionalValue } from './program.ts'
import { toCel } from './values.ts'

/**
 * Evaluates the `x-kubernetes-validations` of a schema and of everything below it. Rules that use `oldSelf` run only where the previous
 * value can be found: by name in objects and maps, by key in lists of type `map`, nowhere in other lists.
 */
export function ruleErrors(schema: StructuralSchema, value: unknown, old: unknown, path: string, errors: FieldError[]): void {
  if (value === undefined || value === null || !hasRules(schema)) return
  const rules = schema['x-kubernetes-validations']
  if (rules !== undefined && rules.length > 0) evaluate(schema, rules, value, old, path, errors)
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined || !hasRules(items)) return
    const previous = correlate(schema, old)
    for (const [at, item] of value.entries()) ruleErrors(items, item, previous(item), indexPath(path, at), errors)
    return
  }
  if (!isJsonObject(value)) return
  const { properties, additionalProperties } = schema
  const values = typeof additionalProperties === 'object' ? additionalProperties : undefined
  const before = isJsonObject(old) ? old : undefined
  for (const name in value) {
    const member = (properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined) ?? values
    if (member !== undefined) ruleErrors(member, value[name], before?.[name], childPath(path, name), errors)
  }
}

/** Whether a schema, or anything below it, has rules. */
export const hasRules = schemaReaches(schema => (schema['x-kubernetes-validations']?.length ?? 0) > 0)

/** Finds the previous value of a list's item: by key in lists of type `map`, never in others. */
export function correlate(schema: StructuralSchema, old: unknown): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined
  if (keys === undefined || !Array.isArray(old)) return () => undefined
  const identity = (item: unknown) => canonicalJson(isJsonObject(item) ? keys.map(key => item[key] ?? null) : null)
  const index = new Map(old.map(item => [identity(item), item as unknown]))
  return item => index.get(identity(item))
}

function evaluate(
  schema: StructuralSchema,
  rules: readonly ValidationRule[],
  value: unknown,
  old: unknown,
  path: string,
  errors: FieldError[],
): void {
  const probe = { largest: 0 }
  let self: unknown
  let oldSelf: unknown
  for (const rule of rules) {
    const field = rule.fieldPath === undefined ? path : appendRulePath(path, rule.fieldPath)
    const refuse = (detail: string) => errors.push({ type: rule.reason ?? 'FieldValueInvalid', field, value: schema.type ?? '', detail })
    try {
      const program = compile(rule.rule)
      if (program.usesOldSelf && old === undefined && rule.optionalOldSelf !== true) continue
      self ??= toCel(schema, value, probe)
      if (program.usesOldSelf && old !== undefined) oldSelf ??= toCel(schema, old, probe)
      const before = rule.optionalOldSelf === true ? optionalValue(oldSelf) : oldSelf
      if (program.run(self, before, probe.largest) === true) continue
      if (!program.usesOldSelf && old !== undefined && equalJson(value, old)) continue
      refuse(messageOf(rule, self, before, probe.largest))
    } catch (error) {
      refuse(`${firstLine(error)} evaluating rule: ${rule.message?.trim() ?? rule.rule.trim()}`)
    }
  }
}

function messageOf(rule: ValidationRule, self: unknown, oldSelf: unknown, largest: number): string {
  if (rule.messageExpression !== undefined) {
    try {
      const message = compile(rule.messageExpression).run(self, oldSelf, largest)
      if (typeof message === 'string' && message.trim() !== '' && !message.includes('\n')) return message
    } catch {
      // As in Kubernetes, a message expression that fails gives way to the fixed message.
    }
  }
  return rule.message?.trim() ?? `failed rule: ${rule.rule.trim()}`
}

/** Compile errors of all rules of a schema, with the path inside the schema; what makes a CRD invalid. The message is empty where the rule is. */
export function ruleProblems(schema: StructuralSchema): { path: string; message: string }[] {
  const problems: { path: string; message: string }[] = []
  const seen = new Set<StructuralSchema>()
  const walk = (node: StructuralSchema, path: string) => {
    if (seen.has(node)) return
    seen.add(node)
    for (const [at, rule] of (node['x-kubernetes-validations'] ?? []).entries()) {
      for (const [member, expression] of [['rule', rule.rule] as const, ['messageExpression', rule.messageExpression] as const]) {
        if (expression === undefined) continue
        if (expression.trim() === '') {
          // Of the rule itself: an empty message is none.
          if (member === 'rule') problems.push({ path: `${path}.x-kubernetes-validations[${at}].rule`, message: '' })
          continue
        }
        try {
          compile(expression)
        } catch (error) {
          problems.push({ path: `${path}.x-kubernetes-validations[${at}].${member}`, message: `compilation failed: ${firstLine(error)}` })
        }
      }
    }
    for (const [name, member] of Object.entries(node.properties ?? {})) walk(member, `${path}.properties[${name}]`)
    if (node.items !== undefined) walk(node.items, `${path}.items`)
    if (typeof node.additionalProperties === 'object') walk(node.additionalProperties, `${path}.additionalProperties`)
  }
  walk(schema, '')
  return problems
}
