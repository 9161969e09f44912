import type { ContainerRef } from '../../node/streams.ts'

/** One streaming subresource of one pod, as requested. */
export interface StreamTarget {
  readonly namespace: string
  readonly pod: string
  readonly subresource: 'exec' | 'attach' | 'portforward'
  readonly query: URLSearchParams
}

/** Kubernetes reads a flag as set by `true`, `1` or an empty value. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value !== null && (value === '' || value === 'true' || value === '1')
}

/** The container that a request names. */
export function containerRef(target: { readonly namespace: string; readonly pod: string; readonly query: URLSearchParams }): ContainerRef {
  const container = target.query.get('container')
  return { namespace: target.namespace, pod: target.pod, ...(container === null || container === '' ? {} : { container }) }
}
