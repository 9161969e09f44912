import { once } from 'node:events'

export interface TerminalSize {
  readonly width: number
  readonly height: number
}

/** The size of the terminal on standard output: now, and whenever it changes, until the signal is aborted. */
export async function* terminalSizes(signal: AbortSignal): AsyncIterable<TerminalSize> {
  while (!signal.aborted) {
    const { columns, rows } = process.stdout
    if (columns > 0 && rows > 0) yield { width: columns, height: rows }
    try {
      await once(process.stdout, 'resize', { signal })
    } catch {
      return
    }
  }
}
