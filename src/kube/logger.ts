/** Facts that go with a message: short keys as controller-runtime uses them (`controller`, `namespace`, `name`, `error`). */
export type LogFields = Readonly<Record<string, unknown>>

/** Where a room writes what happened. The adapter to a real logger is made where the process is wired together. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const ignore = (): void => {}

/** Says nothing: the default of everything that takes a logger. */
export const noopLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** A logger that adds `fixed` to the fields of every message; fields of the message win. */
export function withFields(logger: Logger, fixed: LogFields): Logger {
  return {
    debug: (message, fields) => logger.debug(message, { ...fixed, ...fields }),
    info: (message, fields) => logger.info(message, { ...fixed, ...fields }),
    warn: (message, fields) => logger.warn(message, { ...fixed, ...fields }),
    error: (message, fields) => logger.error(message, { ...fixed, ...fields }),
  }
}
