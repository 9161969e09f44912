import { readFile } from 'node:fs/promises'
import type { Clock } from './clock.ts'
import { tokenFileCredential } from './credentials.ts'
import type { ClusterConfig } from './kubeconfig.ts'

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The API server of the cluster this process runs in as a pod, or `undefined` outside of one.
 * Contract: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
export async function inClusterConfig(options: {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock?: Clock
  /** Where the service account is mounted. */
  readonly folder?: string
}): Promise<ClusterConfig | undefined> {
  const { env, clock, folder = serviceAccountFolder } = options
  const host = env['KUBERNETES_SERVICE_HOST']
  const port = env['KUBERNETES_SERVICE_PORT']
  if (host === undefined || port === undefined) return undefined
  const namespace = await readFile(`${folder}/namespace`, 'utf8').catch(() => 'default')
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: await readFile(`${folder}/ca.crt`, 'utf8'),
    insecureSkipTlsVerify: false,
    namespace: namespace.trim(),
    credentials: tokenFileCredential(`${folder}/token`, { headers: {} }, clock),
    context: 'in-cluster',
  }
}
