import { InvalidArgumentError } from 'commander'
import { timeSpan } from '../cli/command.ts'

/** Where to listen. */
export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/** An option such as `127.0.0.1:8080` or `[::]:8080`; `:8080` is every address of the machine, of both families. */
export function hostAndPort(value: string): HostAndPort {
  const match = /^(.*):(\d+)$/.exec(value)
  if (match === null) throw new InvalidArgumentError('It must be host:port, such as 127.0.0.1:8080.')
  return { host: (match[1] ?? '').replace(/^\[(.*)\]$/, '$1'), port: Number(match[2]) }
}

/** Both ends belong to it. */
export interface NumberRange {
  readonly min: number
  readonly max: number
}

/** An option such as `7000-8000`. */
export function portRange(value: string): NumberRange {
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(value) ?? []
  const [min, max] = [Number(from), Number(to)]
  if (!(min >= 1 && min <= max && max <= 65_535))
    throw new InvalidArgumentError('It must be two ports, the lower first, such as 7000-8000.')
  return { min, max }
}

/** An option of names with commas between them. */
export function namespaceList(value: string): readonly string[] {
  const names = value.split(',').map(name => name.trim())
  const wrong = names.find(name => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
  if (wrong !== undefined) throw new InvalidArgumentError(`${JSON.stringify(wrong)} is no name of a namespace.`)
  return names
}

/** An option that is the duration of a Lease, in milliseconds: whole seconds, as the API keeps them. */
export function leaseDuration(value: string): number {
  const ms = timeSpan(value)
  if (ms < 2000 || ms > 300_000 || ms % 1000 !== 0) throw new InvalidArgumentError('It must be whole seconds, from 2s to 5m.')
  return ms
}
