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
  return proxy.names.length === 0 || proxy.names.includes(commonNameOf(socket))
}

/** Of the certificate that a connection showed at its beginning. Reading one takes longer than much of what a request is about. */
const commonNames = new WeakMap<object, string>()

function commonNameOf(socket: Pick<TLSSocket, 'getPeerCertificate'>): string {
  let name = commonNames.get(socket)
  if (name === undefined) {
    const said: unknown = socket.getPeerCertificate().subject?.CN
    commonNames.set(socket, (name = typeof said === 'string' ? said : ''))
  }
  return name
}

function listOf(json: string): string[] {
  const list = JSON.parse(json) as unknown
  return Array.isArray(list) ? list.filter(name => typeof name === 'string') : []
}
