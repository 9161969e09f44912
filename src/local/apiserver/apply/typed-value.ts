import { isJsonObject } from '../../../schema/json.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import { elementText, itemElement } from './field-set.ts'
import { memberSchema, rootSchema } from './granularity.ts'

/**
 * Why a configuration is no typed value of its kind, in the words of Kubernetes' structured merge: unknown members, wrong types, list items
 * without their keys or with the same ones. Empty when it is one.
 */
export function typedErrors(schema: StructuralSchema, config: unknown): string[] {
  const errors: string[] = []
  visit(rootSchema(schema), config, '', errors)
  return errors
}

function visit(schema: StructuralSchema, value: unknown, path: string, errors: string[]): void {
  if (value === null || value === undefined) return
  const fail = (text: string): void => void errors.push(path === '' ? text : `${path}: ${text}`)
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value === 'object') fail(`expected any scalar, got ${shown(value)}`)
    return
  }
  switch (schema.type) {
    case 'object':
      if (!isJsonObject(value)) return fail(`expected map, got ${shown(value)}`)
      return visitMembers(schema, value, path, errors)
    case 'array':
      if (!Array.isArray(value)) return fail(`expected list, got ${shown(value)}`)
      return visitItems(schema, value, path, errors)
    case 'string':
      if (typeof value !== 'string') fail(`expected string, got ${shown(value)}`)
      return
    case 'boolean':
      if (typeof value !== 'boolean') fail(`expected boolean, got ${shown(value)}`)
      return
    case 'integer':
    case 'number':
      if (typeof value !== 'number') fail(`expected numeric (int or float), got ${goType(value)}`)
      return
    case undefined:
      return
  }
}

function visitMembers(schema: StructuralSchema, value: Readonly<Record<string, unknown>>, path: string, errors: string[]): void {
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true
  const described = schema['x-kubernetes-embedded-resource'] === true ? rootSchema(schema) : schema
  for (const name in value) {
    const member = memberSchema(described, name)
    if (member !== undefined) visit(member, value[name], `${path}.${name}`, errors)
    else if (!isOpen) errors.push(`${path}.${name}: field not declared in schema`)
  }
}

function visitItems(schema: StructuralSchema, value: readonly unknown[], path: string, errors: string[]): void {
  const type = schema['x-kubernetes-list-type']
  const isAssociative = type === 'map' || type === 'set'
  const seen = new Set<string>()
  for (const [index, item] of value.entries()) {
    let element = `[${index}]`
    if (isAssociative) {
      const key = itemElement(item, schema)
      if (key === undefined) {
        errors.push(`${path}: element ${index}: ${noKey(item, schema)}`)
        return
      }
      element = elementText(key)
      if (seen.has(element)) errors.push(`${path}: duplicate entries for key ${element}`)
      seen.add(element)
    }
    if (schema.items !== undefined) visit(schema.items, item, path + element, errors)
  }
}

function noKey(item: unknown, schema: StructuralSchema): string {
  if (!isJsonObject(item)) return 'associative list with keys may not have non-map elements'
  const missing = schema['x-kubernetes-list-map-keys']?.find(name => item[name] === undefined) ?? ''
  return `associative list with keys has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`
}

/** A value as Go's `%v` shows it. */
function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : `&value.valueUnstructured{Value:${JSON.stringify(value)}}`
}

function goType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}
