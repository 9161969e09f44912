/** A span of time as kubectl prints it: `5s`, `3m20s`, `4h`, `7d`. Contract: `duration.HumanDuration` of k8s.io/apimachinery. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 24 * 8) return two(days, 'd', hours % 24, 'h')
  if (days < 365 * 2) return `${days}d`
  const years = Math.floor(days / 365)
  return days < 365 * 8 ? two(years, 'y', days % 365, 'd') : `${years}y`
}

const two = (large: number, unit: string, small: number, smallUnit: string) =>
  small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smallUnit}`

/** How long ago a time was; `<unknown>` when it is not set. */
export function ageOf(time: string | null | undefined, now: Date): string {
  if (time === undefined || time === null || time === '') return '<unknown>'
  const at = Date.parse(time)
  return Number.isNaN(at) ? '<invalid>' : humanDuration(now.getTime() - at)
}
