import { isIP, isIPv4, isIPv6 } from 'node:net'

const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/
const duration = /^([+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+|0)$/
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const hostname = /^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\.?$/

/** Those of the string formats Kubernetes checks that an object here can meet; others are ignored, as Kubernetes does. */
const checks: Readonly<Record<string, (value: string) => boolean>> = {
  'date-time': value => dateTime.test(value) && !Number.isNaN(Date.parse(value)),
  date: value => /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)),
  duration: value => duration.test(value),
  uuid: value => uuid.test(value),
  hostname: value => value.length <= 255 && hostname.test(value) && !isIPv4(value),
  ipv4: value => isIPv4(value),
  ipv6: value => isIPv6(value),
  cidr: value => isCidr(value),
  uri: value => URL.canParse(value),
  byte: value => /^[A-Za-z0-9+/]+={0,2}$/.test(value) && value.length % 4 === 0,
}

/** Whether a value violates a string format that is checked. */
export function formatError(format: string, value: string): boolean {
  const check = Object.hasOwn(checks, format) ? checks[format] : undefined
  return check !== undefined && !check(value)
}

/** `10.0.0.0/8` or `fd00::/8`. */
export function isCidr(value: string): boolean {
  const slash = value.lastIndexOf('/')
  if (slash < 0 || !/^\d{1,3}$/.test(value.slice(slash + 1))) return false
  const family = isIP(value.slice(0, slash))
  return family !== 0 && Number(value.slice(slash + 1)) <= (family === 4 ? 32 : 128)
}
