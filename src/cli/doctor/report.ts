import type { Finding, Verdict } from './finding.ts'

const order: readonly Verdict[] = ['ok', 'note', 'unknown', 'warning', 'problem']

/** How many findings of each kind. */
export function summaryOf(findings: readonly Finding[]): Record<Verdict, number> {
  const counts = { problem: 0, warning: 0, unknown: 0, note: 0, ok: 0 }
  for (const { verdict } of findings) counts[verdict] += 1
  return counts
}

/** The findings for people: what is worst stands last, where the eye is. `reasons` also for what is fine. */
export function reportLines(findings: readonly Finding[], { reasons }: { readonly reasons: boolean }): string[] {
  const lines: string[] = []
  const said = new Set<string>()
  for (const verdict of order) {
    for (const { check, what, why, todo = [] } of findings.filter(finding => finding.verdict === verdict)) {
      lines.push(`${verdict.padEnd(8)} ${check}: ${what}`)
      if (why !== undefined && (verdict !== 'ok' || reasons)) lines.push(`         ${why}`)
      // The same advice once is enough.
      const advice = todo.map(line => `           ${line}`)
      if (!said.has(advice.join('\n'))) lines.push(...advice)
      said.add(advice.join('\n'))
    }
  }
  const counts = Object.entries(summaryOf(findings)).filter(([, count]) => count > 0)
  const text = counts.map(([verdict, count]) =>
    verdict === 'ok' ? `${count} ok` : `${count} ${verdict}${count === 1 || verdict === 'unknown' ? '' : 's'}`,
  )
  return [...lines, '', text.join(', ')]
}
