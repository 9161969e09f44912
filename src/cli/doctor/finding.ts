/**
 * - `problem`: something does not work, or will not soon.
 * - `warning`: it works, and may surprise.
 * - `unknown`: the check could not be made; not the same as fine.
 * - `note`: worth knowing.
 * - `ok`: checked, fine.
 */
export type Verdict = 'problem' | 'warning' | 'unknown' | 'note' | 'ok'

/** One result of `berth doctor`. */
export interface Finding {
  /** Stable, for scripts: `kubernetes.version`, `webhooks.certificate`. */
  readonly check: string
  readonly verdict: Verdict
  /** What was found. */
  readonly what: string
  /** Why it matters. */
  readonly why?: string
  /** What to do: lines to paste into a shell, or a sentence beginning with `#`. */
  readonly todo?: readonly string[]
}

type Rest = Omit<Finding, 'check' | 'verdict' | 'what'>

/** Makes findings of one check. */
export function findings(check: string) {
  const of =
    (verdict: Verdict) =>
    (what: string, rest: Rest = {}): Finding => ({ check, verdict, what, ...rest })
  return { ok: of('ok'), note: of('note'), warning: of('warning'), problem: of('problem'), unknown: of('unknown') }
}
