import type { Clock } from './clock.ts'

/** How long ago something was, in milliseconds. */
export type Stopwatch = () => number

/**
 * Starts a stopwatch for a time limit that must not be missed: of the two clocks it counts the one that has moved further. The monotonic clock
 * is never set back but stands still while the machine sleeps; the wall clock goes on, but people set it. A wall clock that is set forward
 * ends the limit early, which only costs another try.
 */
export function startStopwatch(clock: Pick<Clock, 'now' | 'monotonic'>): Stopwatch {
  const wall = clock.now()
  const monotonic = clock.monotonic()
  return () => Math.max(clock.monotonic() - monotonic, clock.now() - wall)
}
