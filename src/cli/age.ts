/** A span of time as kubectl shows ages: two units at most, the finer one only while it tells something. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (days < 8) return withRest(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  return withRest(Math.floor(days / 365), 'y', days % 365, 'd')
}

/** The time since an RFC 3339 timestamp. */
export function ageSince(timestamp: string | null | undefined, now: number): string {
  const at = Date.parse(timestamp ?? '')
  return Number.isNaN(at) ? '<unknown>' : formatAge(now - at)
}

function withRest(value: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${value}${unit}` : `${value}${unit}${rest}${restUnit}`
}
