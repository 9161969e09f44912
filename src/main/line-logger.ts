import type { Logger } from '../kube/logger.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const

/** Logs JSON lines to standard error, and takes next to no memory: for programs of which hundreds run. */
export function lineLogger(least: (typeof levels)[number]): Logger {
  const from = levels.indexOf(least)
  const at =
    (level: (typeof levels)[number]) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      if (levels.indexOf(level) < from) return
      const plain = Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : value])
      const line = { level, time: new Date().toISOString(), ...Object.fromEntries(plain), msg: message }
      process.stderr.write(`${JSON.stringify(line)}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
