import { pino } from 'pino'
import type { Logger } from '../kube/logger.ts'

export interface LogTarget {
  /** Appended to; one JSON object a line. stderr when absent. */
  file?: string
  level?: 'debug' | 'info' | 'warn' | 'error'
  /** Called for warnings and errors as well, for a terminal that shows no JSON. */
  onTrouble?: (message: string) => void
}

/** The process's logger: pino behind the small interface that the rooms know. */
export function createLogger({ file, level = 'info', onTrouble }: LogTarget = {}): Logger {
  const destination = pino.destination(file === undefined ? 2 : { dest: file, mkdir: true, sync: false })
  const log = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: ['token', '*.token', 'authorization', '*.authorization'] },
    destination,
  )
  const told = (message: string, fields: Readonly<Record<string, unknown>> | undefined): void => {
    if (onTrouble === undefined) return
    const about = [fields?.['namespace'], fields?.['name']].filter(part => typeof part === 'string').join('/')
    const { error } = fields ?? {}
    const why = error instanceof Error ? `: ${error.message}` : typeof error === 'string' ? `: ${error}` : ''
    onTrouble(`${message}${about === '' ? '' : ` (${about})`}${why}`)
  }
  return {
    debug: (message, fields) => log.debug(plain(fields), message),
    info: (message, fields) => log.info(plain(fields), message),
    warn: (message, fields) => {
      log.warn(plain(fields), message)
      told(message, fields)
    },
    error: (message, fields) => {
      log.error(plain(fields), message)
      told(message, fields)
    },
  }
}

/** Errors as text with their stack: pino shows them as empty objects under names other than `err`. */
function plain(fields: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields ?? {})) result[key] = value instanceof Error ? (value.stack ?? value.message) : value
  return result
}
