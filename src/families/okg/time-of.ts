/** A time of the API in milliseconds since the epoch; 0 when there is none, or none that can be read. */
export function timeOf(text: string | undefined): number {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? 0 : time
}
