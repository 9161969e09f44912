/** Gives conditions the times that nobody set: Kubernetes writes them as null. */
export function writeTimes(conditions: object[] | undefined, ...names: readonly string[]): void {
  for (const condition of (conditions ?? []) as Record<string, unknown>[]) for (const name of names) condition[name] ??= null
}
