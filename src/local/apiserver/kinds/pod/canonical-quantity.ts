import { parseQuantity } from '../../../../schema/quantity.ts'

const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const ONE = 1_000_000_000n

/**
 * A quantity as Kubernetes stores it: the largest suffix that leaves a whole number, binary or decimal as it was written.
 * `0.5` is `500m`, `1024Mi` is `1Gi`, `1.5Gi` is `1536Mi`, `1000m` is `1`. What is no quantity stays as it is: validation refuses it.
 */
export function canonicalQuantity(text: string | number): string | number {
  const quantity = parseQuantity(text)
  if (quantity === undefined || /[eE][+-]?\d/.test(String(text))) return text
  const { nano } = quantity
  if (nano === 0n) return '0'
  const isBinary = String(text).endsWith('i') && nano % ONE === 0n && (nano >= 1024n * ONE || nano <= -1024n * ONE)
  return isBinary ? shortest(nano / ONE, 1024n, binarySuffixes) : shortest(nano, 1000n, decimalSuffixes)
}

function shortest(value: bigint, step: bigint, suffixes: readonly string[]): string {
  let mantissa = value
  let index = 0
  while (mantissa % step === 0n && index < suffixes.length - 1) {
    mantissa /= step
    index++
  }
  return `${mantissa}${suffixes[index] ?? ''}`
}
