/** A number, or a percentage of the whole rounded as told. */
export function portionOf(value: number | string, whole: number, round: (share: number) => number): number {
  const percent = typeof value === 'string' ? /^(\d+)%$/.exec(value.trim()) : null
  return percent === null ? Number(value) : round((Number(percent[1]) * whole) / 100)
}

/** A number, or a percentage of the replicas rounded down; never less than 1, or nothing would move. */
export function countOf(value: number | string, replicas: number): number {
  const count = portionOf(value, replicas, Math.floor)
  return Number.isFinite(count) ? Math.max(1, Math.floor(count)) : 1
}
