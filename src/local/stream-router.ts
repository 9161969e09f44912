import type { ContainerRef, NodeStreams, StreamRefusal } from './node/streams.ts'

/** A node, as far as streams go. */
export interface StreamRoute {
  readonly streams: NodeStreams
  has(namespace: string, pod: string): boolean
}

/** Sends each stream to the node that has the pod. */
export function routeStreams(routes: readonly StreamRoute[]): NodeStreams {
  const to = <T>(ref: ContainerRef, call: (streams: NodeStreams) => Promise<T>): Promise<T | StreamRefusal> => {
    const route = routes.find(one => one.has(ref.namespace, ref.pod))
    return route === undefined
      ? Promise.resolve({ refused: true, status: 400, message: `pod ${ref.pod} does not have a host assigned` })
      : call(route.streams)
  }
  return {
    logs: (ref, query, signal) => to(ref, streams => streams.logs(ref, query, signal)),
    exec: (ref, options, signal) => to(ref, streams => streams.exec(ref, options, signal)),
    attach: (ref, options, signal) => to(ref, streams => streams.attach(ref, options, signal)),
    portForward: (ref, port, signal) => to(ref, streams => streams.portForward(ref, port, signal)),
  }
}
