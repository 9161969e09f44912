const letters = 'bcdfghjklmnpqrstvwxz2456789'
const longestBase = 58

/** `generateName` with five random letters, cut so that the whole stays a DNS label, as Kubernetes makes it. */
export function generatedName(base: string, random: () => number): string {
  let suffix = ''
  for (let count = 0; count < 5; count += 1) suffix += letters[Math.floor(random() * letters.length)] ?? 'x'
  return base.slice(0, longestBase) + suffix
}
