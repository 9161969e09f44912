import type { TLSSocket } from 'node:tls'
import type { DeepReadonly, KubeObject } from '../object.ts'
import type { ResourceType } from '../resource.ts'

/** How a server behind the aggregation layer knows the API server: it has authenticated and authorized the user already. */
export interface FrontProxy {
  /** PEM of the authorities that sign the API server's client certificate. */
  readonly ca: string
  /** Common names that certificate may have; any when empty. */
  readonly names: readonly string[]
}

interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}

/** Where every cluster with an aggregation layer says it. Contract: https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/ */
export const frontProxyConfig = {
  type: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true } as ResourceType<ConfigMap>,
  namespace: 'kube-system',
  name: 'extension-apiserver-authentication',
} as const

/** Undefined where the cluster has no aggregation layer. */
export function frontProxyOf(config: DeepReadonly<ConfigMap> | undefined): FrontProxy | undefined {
  const { 'requestheader-client-ca-file': ca = '', 'requestheader-allowed-names': names = '[]' } = config?.data ?? {}
  return ca === '' ? undefined : { ca, names: listOf(names) }
}

/** Whether the other end has shown a certificate that only the API server has. */
export function isFrontProxy(socket: Pick<TLSSocket, 'authorized' | 'getPeerCertificate'>, proxy: FrontProxy | undefined): boolean {
  if (proxy === undefined || !socket.authorized) return false
  const name: unknown = socket.getPeerCertificate().subject?.CN
  return proxy.names.length === 0 || (typeof name === 'string' && proxy.names.includes(name))
}

function listOf(json: string): string[] {
  const list = JSON.parse(json) as unknown
  return Array.isArray(list) ? list.filter(name => typeof name === 'string') : []
}
