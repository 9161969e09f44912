/** One streaming subresource of one pod, as requested. */
export interface StreamTarget {
  readonly namespace: string
  readonly pod: string
  readonly subresource: 'exec' | 'attach' | 'portforward'
  readonly query: URLSearchParams
}
