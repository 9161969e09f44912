/** What `connect` of Node would have failed with, for connections that others make. */
export function dialError(code: string, podIP: string, port: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ${code} ${podIP}:${port}`), { code, syscall: 'connect' })
}
