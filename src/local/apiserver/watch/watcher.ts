import type { MessageStream, WatchMessage } from '../request.ts'
import type { ServedResource } from '../resources/served-resource.ts'
import { served } from '../resources/served-resource.ts'
import type { Change } from '../storage/history.ts'
import { deepFreeze, type StoredObject } from '../storage/stored-object.ts'
import type { Selection } from './selection.ts'

export interface WatcherOptions {
  readonly resource: ServedResource
  readonly selection: Selection
  readonly bookmarks: boolean
  /** Messages that may wait for the reader; one that falls further behind is cut off and has to watch again. */
  readonly limit: number
  readonly onClose: (watcher: Watcher) => void
}

/** One watch request: takes changes in, gives messages out in the same order. */
export class Watcher implements MessageStream {
  readonly selection: Selection
  readonly bookmarks: boolean
  readonly #resource: ServedResource
  readonly #limit: number
  readonly #onClose: (watcher: Watcher) => void
  #messages: WatchMessage[] = []
  #wake: (() => void) | undefined
  #closed = false
  #initial = 0

  constructor(options: WatcherOptions) {
    this.selection = options.selection
    this.bookmarks = options.bookmarks
    this.#resource = options.resource
    this.#limit = options.limit
    this.#onClose = options.onClose
  }

  get ended(): boolean {
    return this.#closed && this.#messages.length === 0
  }

  /** Objects that exist already; they do not count against the limit. */
  pushInitial(objects: readonly StoredObject[]): void {
    for (const object of objects) this.#messages.push({ type: 'ADDED', object: served(this.#resource, object) })
    this.#initial = this.#messages.length
  }

  push(change: Change): void {
    const message = this.#messageFor(change)
    if (message !== undefined) this.#add(message)
  }

  /** Says that everything up to `revision` has been sent. */
  bookmark(revision: number, annotations?: Record<string, string>): void {
    const { apiVersion, type } = this.#resource
    const metadata = { ...(annotations === undefined ? {} : { annotations }), resourceVersion: String(revision) }
    this.#add({ type: 'BOOKMARK', object: deepFreeze({ kind: type.kind, apiVersion, metadata }) })
  }

  /** Ends the stream after what is queued; with a status, as its last message. */
  close(status?: object): void {
    if (this.#closed) return
    if (status !== undefined) this.#messages.push({ type: 'ERROR', object: status })
    this.#closed = true
    this.#onClose(this)
    this.#wake?.()
  }

  wait(): Promise<void> {
    if (this.#messages.length > 0 || this.#closed) return Promise.resolve()
    return new Promise(resolve => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }

  take(): readonly WatchMessage[] {
    const taken = this.#messages
    this.#messages = []
    this.#initial = 0
    return taken
  }

  [Symbol.dispose](): void {
    this.#messages = []
    this.close()
  }

  #add(message: WatchMessage): void {
    if (this.#closed) return
    if (this.#messages.length - this.#initial >= this.#limit) {
      this.#messages = []
      this.close()
      return
    }
    this.#messages.push(message)
    this.#wake?.()
  }

  /** A change seen through the selection: what enters it was added, what leaves it was deleted. */
  #messageFor(change: Change): WatchMessage | undefined {
    const { matches } = this.selection
    const is = change.type !== 'DELETED' && (matches === undefined || matches(change.object))
    const was = change.previous !== undefined && (matches === undefined || matches(change.previous))
    if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: served(this.#resource, change.object) }
    if (!was) return undefined
    return { type: 'DELETED', object: served(this.#resource, change.type === 'DELETED' ? change.object : leftState(change)) }
  }
}

const leftStates = new WeakMap<Change, StoredObject>()

/** What a watcher sees of an object that left its selection: the state it knew, with the version of the change. */
function leftState(change: Change): StoredObject {
  const known = leftStates.get(change)
  if (known !== undefined) return known
  const before = change.previous ?? change.object
  const state = deepFreeze({ ...before, metadata: { ...before.metadata, resourceVersion: String(change.revision) } })
  leftStates.set(change, state)
  return state
}
