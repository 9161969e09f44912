import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { stringify } from 'yaml'

export interface KubeconfigEntry {
  /** Names cluster, user and context. */
  readonly name: string
  readonly server: string
  /** PEM. */
  readonly ca: string
  readonly token: string
}

/** A kubeconfig with one context that is current. */
export function kubeconfigText({ name, server, ca, token }: KubeconfigEntry): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
  })
}

/** Writes a kubeconfig that only its owner can read; at no moment is half of it there. */
export async function writeKubeconfig(file: string, entry: KubeconfigEntry): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}`
  await writeFile(fresh, kubeconfigText(entry), { mode: 0o600 })
  await rename(fresh, file)
}
