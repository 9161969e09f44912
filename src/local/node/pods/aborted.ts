import { abortReason } from '../../../kube/clock.ts'

/** Resolves when the signal is aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Rejects with the signal's reason when it is aborted: the other side of a race. */
export function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return whenAborted(signal).then(() => Promise.reject(abortReason(signal)))
}
