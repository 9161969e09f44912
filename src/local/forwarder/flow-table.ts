/** Which open connections and flows lead to which pod, so that they can be cut when the pod is gone. */
export interface FlowTable {
  /** Registers an open flow; dispose when it has ended. `close` must end it, and is called at most once. */
  add(podUid: string, close: () => void): Disposable
  /** Ends every flow to the pod. */
  closePod(podUid: string): void
  readonly size: number
}

export function createFlowTable(): FlowTable {
  const flows = new Map<string, Set<() => void>>()
  let size = 0
  return {
    get size() {
      return size
    },
    add(podUid, close) {
      let ofPod = flows.get(podUid)
      if (ofPod === undefined) flows.set(podUid, (ofPod = new Set()))
      ofPod.add(close)
      size++
      return {
        [Symbol.dispose]() {
          const current = flows.get(podUid)
          if (current?.delete(close) !== true) return
          size--
          if (current.size === 0) flows.delete(podUid)
        },
      }
    },
    closePod(podUid) {
      const ofPod = flows.get(podUid)
      if (ofPod === undefined) return
      flows.delete(podUid)
      size -= ofPod.size
      for (const close of ofPod) close()
    },
  }
}
