/** Codes of gRPC that are used here. */
export const status = { ok: 0, cancelled: 1, unknown: 2, invalidArgument: 3, deadlineExceeded: 4, unimplemented: 12, internal: 13 } as const

/** `grpc-message` as headers can have it: what is no printable ASCII in percent notation, and nothing else, for some clients undo no more. */
export function encodedMessage(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text, 'utf8'))
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return encoded
}

/** `grpc-timeout` in milliseconds; undefined when there is none, or none that can be read. */
export function timeoutOf(header: string | undefined): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(header ?? '')
  if (match === null) return undefined
  const [, amount, unit = ''] = match
  return Number(amount) * ({ H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }[unit] ?? 1)
}
