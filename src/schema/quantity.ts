/**
 * An exact resource quantity: `value` times 10^-9, the finest step Kubernetes keeps.
 * Contract: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export interface Quantity {
  readonly nano: bigint
}

const grammar = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/
const nanoPerOne = 1_000_000_000n
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const binary: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
}

/** Parses `100m`, `1.5Gi`, `2e3`, or a plain number; undefined when it is no quantity. What is finer than a nano is rounded up. */
export function parseQuantity(text: string | number): Quantity | undefined {
  const match = grammar.exec(String(text))
  if (match === null) return undefined
  const [, sign, digits = '', suffix, exponent] = match
  const dot = digits.indexOf('.')
  const fraction = dot < 0 ? 0 : digits.length - dot - 1
  const mantissa = BigInt(digits.replace('.', ''))
  const factor = suffix === undefined ? undefined : binary[suffix]
  const power = Number(exponent ?? (suffix === undefined || factor !== undefined ? 0 : (decimal[suffix] ?? 0))) - fraction + 9
  if (Math.abs(power) > 400) return undefined
  const scaled = mantissa * (factor ?? 1n)
  const nano = power >= 0 ? scaled * 10n ** BigInt(power) : divideRoundingUp(scaled, 10n ** BigInt(-power))
  return { nano: sign === '-' ? -nano : nano }
}

function divideRoundingUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}

/** Negative, zero or positive, as sort functions want it. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0
}

export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano }
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano - b.nano }
}

/** In thousandths, rounded up: the unit in which CPU is counted. */
export function milliValue(quantity: Quantity): number {
  return Number(ceilDivide(quantity.nano, 1_000_000n))
}

/** In ones, rounded up: bytes of memory, number of pods. */
export function wholeValue(quantity: Quantity): number {
  return Number(ceilDivide(quantity.nano, nanoPerOne))
}

function ceilDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value > 0n && value % by !== 0n ? quotient + 1n : quotient
}

/** Whether the quantity is a whole number. */
export function isInteger(quantity: Quantity): boolean {
  return quantity.nano % nanoPerOne === 0n
}
