/** Time as a dependency, so that tests own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds since some moment in the past: never set back, but may stand still while the machine sleeps. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls back once after `ms`; disposing the timer before that cancels the call. */
  after(ms: number, callback: () => void): Disposable
}

/** Node's timers fire at once beyond this delay; longer waits are cut and repeated by their owner. */
const longestTimer = 2 ** 31 - 1

/** The clock of the machine. Its timers keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), longestTimer))
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
}

/** `Clock.sleep` in terms of `Clock.after`. */
export function sleepOn(clock: Pick<Clock, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(abortReason(signal))
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = (): void => {
      timer[Symbol.dispose]()
      if (signal !== undefined) reject(abortReason(signal))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** What a promise that was given up through `signal` rejects with: always an Error. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('This operation was aborted', 'AbortError')
}

/** RFC 3339 with whole seconds, as `metadata` times are written. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** RFC 3339 with six digits of fraction: Leases and Events refuse any other number of digits. */
export function formatMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
