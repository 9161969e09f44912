import { isIP, isIPv4 } from 'node:net'
import type { Environment } from '@marcbachmann/cel-js'
import { isCidr } from '../format.ts'
import { addQuantities, compareQuantities, isInteger, parseQuantity, subtractQuantities, wholeValue } from '../quantity.ts'
import type { Quantity as QuantityValue } from '../quantity.ts'
import { celEquals } from './values.ts'

/** Why a function could not answer; evaluation of the rule fails with this text. */
class CelError extends Error {}

type Comparable = bigint | number | string | boolean | Date

function compare(a: Comparable, b: Comparable): number {
  return a < b ? -1 : a > b ? 1 : 0
}

class Quantity {
  readonly value: QuantityValue
  constructor(value: QuantityValue) {
    this.value = value
  }
}

class Url {
  readonly value: URL
  constructor(value: URL) {
    this.value = value
  }
}

class Ip {
  readonly value: string
  constructor(value: string) {
    this.value = value
  }
}

function quantityOf(text: string): Quantity {
  const value = parseQuantity(text)
  if (value === undefined) throw new CelError(`quantities must match the regular expression: ${JSON.stringify(text)}`)
  return new Quantity(value)
}

function regularExpression(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags)
  } catch (error) {
    throw new CelError(`invalid regular expression ${JSON.stringify(pattern)}`, { cause: error })
  }
}

function extreme(list: readonly Comparable[], name: string, sign: number): Comparable {
  const [first, ...rest] = list
  if (first === undefined) throw new CelError(`${name} called on an empty list`)
  return rest.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best), first)
}

function sum(list: readonly (bigint | number)[]): bigint | number {
  if (list.every(item => typeof item === 'bigint')) return list.reduce((total, item) => total + item, 0n)
  return list.reduce<number>((total, item) => total + Number(item), 0)
}

function indexOf(list: readonly unknown[], wanted: unknown): bigint {
  return BigInt(list.findIndex(item => celEquals(item, wanted)))
}

function lastIndexOf(list: readonly unknown[], wanted: unknown): bigint {
  return BigInt(list.findLastIndex(item => celEquals(item, wanted)))
}

function replace(text: string, from: string, to: string, limit: bigint): string {
  if (limit < 0n) return text.replaceAll(from, to)
  const parts = text.split(from)
  const replaced = Math.min(Number(limit), parts.length - 1)
  return (
    parts.slice(0, replaced + 1).join(to) +
    parts
      .slice(replaced + 1)
      .map(part => from + part)
      .join('')
  )
}

/** `%s`, `%d`, `%f` (with precision), `%e`, `%x`, `%X`, `%o`, `%b` and `%%`, as CEL's string extension has them. */
function format(template: string, values: readonly unknown[]): string {
  let next = 0
  return template.replaceAll(/%(?:\.(\d+))?([sdfexXob%])/g, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%'
    if (next >= values.length) throw new CelError('format: too few arguments')
    const value = values[next++]
    const integer = () => BigInt(value as bigint | number)
    switch (verb) {
      case 'd':
        return integer().toString()
      case 'f':
        return Number(value).toFixed(Number(precision ?? 6))
      case 'e':
        return Number(value).toExponential(Number(precision ?? 6))
      case 'x':
        return integer().toString(16)
      case 'X':
        return integer().toString(16).toUpperCase()
      case 'o':
        return integer().toString(8)
      case 'b':
        return integer().toString(2)
      default:
        return textOf(value)
    }
  })
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (value === null) return 'null'
  return typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | bigint | boolean}`
}

/** Adds the function libraries Kubernetes has beyond the CEL standard: https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries */
export function registerKubernetesLibraries(environment: Environment): Environment {
  const on = (signature: string, handler: (...args: never[]) => unknown) => environment.registerFunction(signature, handler)

  on('list.isSorted(): bool', (list: Comparable[]) => list.every((item, at) => at === 0 || compare(list[at - 1] ?? item, item) <= 0))
  on('list.sum(): dyn', sum)
  on('list.min(): dyn', (list: Comparable[]) => extreme(list, 'min', -1))
  on('list.max(): dyn', (list: Comparable[]) => extreme(list, 'max', 1))
  on('list.indexOf(dyn): int', indexOf)
  on('list.lastIndexOf(dyn): int', lastIndexOf)

  on('string.find(string): string', (text: string, pattern: string) => regularExpression(pattern, '').exec(text)?.[0] ?? '')
  on('string.findAll(string): list<string>', (text: string, pattern: string) => text.match(regularExpression(pattern, 'g')) ?? [])
  on('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) => {
    const found = text.match(regularExpression(pattern, 'g')) ?? []
    return limit < 0n ? found : found.slice(0, Number(limit))
  })
  on('string.replace(string, string): string', (text: string, from: string, to: string) => text.replaceAll(from, to))
  on('string.replace(string, string, int): string', replace)
  on('string.charAt(int): string', (text: string, at: bigint) => text.charAt(Number(at)))
  on('string.format(list): string', format)

  environment.registerType('kubernetes.Quantity', { ctor: Quantity, fields: {} })
  const quantity = 'kubernetes.Quantity'
  on(`quantity(string): ${quantity}`, quantityOf)
  on('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined)
  on(`${quantity}.isGreaterThan(${quantity}): bool`, (a: Quantity, b: Quantity) => compareQuantities(a.value, b.value) > 0)
  on(`${quantity}.isLessThan(${quantity}): bool`, (a: Quantity, b: Quantity) => compareQuantities(a.value, b.value) < 0)
  on(`${quantity}.compareTo(${quantity}): int`, (a: Quantity, b: Quantity) => BigInt(compareQuantities(a.value, b.value)))
  on(`${quantity}.sign(): int`, (a: Quantity) => BigInt(compareQuantities(a.value, { nano: 0n })))
  on(`${quantity}.add(${quantity}): ${quantity}`, (a: Quantity, b: Quantity) => new Quantity(addQuantities(a.value, b.value)))
  on(`${quantity}.sub(${quantity}): ${quantity}`, (a: Quantity, b: Quantity) => new Quantity(subtractQuantities(a.value, b.value)))
  on(`${quantity}.isInteger(): bool`, (a: Quantity) => isInteger(a.value))
  on(`${quantity}.asInteger(): int`, (a: Quantity) => {
    if (!isInteger(a.value)) throw new CelError('cannot convert value to integer')
    return BigInt(wholeValue(a.value))
  })
  on(`${quantity}.asApproximateFloat(): double`, (a: Quantity) => Number(a.value.nano) / 1e9)

  environment.registerType('kubernetes.URL', { ctor: Url, fields: {} })
  on('isURL(string): bool', (text: string) => URL.canParse(text))
  on('url(string): kubernetes.URL', (text: string) => {
    if (!URL.canParse(text)) throw new CelError(`URL parse error: ${JSON.stringify(text)}`)
    return new Url(new URL(text))
  })
  on('kubernetes.URL.getScheme(): string', (url: Url) => url.value.protocol.slice(0, -1))
  on('kubernetes.URL.getHost(): string', (url: Url) => url.value.host)
  on('kubernetes.URL.getHostname(): string', (url: Url) => url.value.hostname)
  on('kubernetes.URL.getPort(): string', (url: Url) => url.value.port)
  on('kubernetes.URL.getEscapedPath(): string', (url: Url) => url.value.pathname)

  environment.registerType('net.IP', { ctor: Ip, fields: {} })
  on('isIP(string): bool', (text: string) => isIP(text) !== 0)
  on('isCIDR(string): bool', isCidr)
  on('ip(string): net.IP', (text: string) => {
    if (isIP(text) === 0) throw new CelError(`IP Address ${JSON.stringify(text)} parse error during conversion from string`)
    return new Ip(text)
  })
  on('net.IP.family(): int', (ip: Ip) => (isIPv4(ip.value) ? 4n : 6n))
  on('net.IP.isLoopback(): bool', (ip: Ip) => ip.value.startsWith('127.') || ip.value === '::1')
  return environment
}
