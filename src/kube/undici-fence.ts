import type { Dispatcher } from 'undici'
import type { Fence } from './write-fence.ts'

/** Options of a dispatch, with the fence that the request has to pass. */
export type FencedDispatchOptions = Dispatcher.DispatchOptions & { readonly fence?: Fence }

/**
 * Asks the fence of a request in the moment in which undici would write it to a connection. Until then it may have waited in undici's queues,
 * for a free connection or for one that was being made, and the leave to write may have ended.
 */
export const fencing: Dispatcher.DispatcherComposeInterceptor = dispatch => (options, handler) => {
  const { fence } = options as FencedDispatchOptions
  return dispatch(options, fence === undefined ? handler : new FencedHandler(handler, fence))
}

class FencedHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #fence: Fence
  #inFlight: Disposable | undefined

  constructor(handler: Dispatcher.DispatchHandler, fence: Fence) {
    this.#handler = handler
    this.#fence = fence
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    // What is thrown here becomes the request's failure, and nothing is written.
    this.#fence.check()
    this.#inFlight = this.#fence.enter(reason => controller.abort(reason))
    this.#handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>): void {
    this.#handler.onRequestUpgrade?.(...args)
  }

  onResponseStart(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>): void {
    this.#inFlight?.[Symbol.dispose]()
    this.#handler.onResponseStart?.(...args)
  }

  onResponseData(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseData']>>): void {
    this.#handler.onResponseData?.(...args)
  }

  onResponseEnd(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>): void {
    this.#handler.onResponseEnd?.(...args)
  }

  onResponseError(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseError']>>): void {
    this.#inFlight?.[Symbol.dispose]()
    this.#handler.onResponseError?.(...args)
  }
}
