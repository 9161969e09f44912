import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificateAuthority, isUsable, type KeyAndCertificate } from '../kube/tls/certificates.ts'
import { createApiServerCertificate } from './apiserver/tls/api-server-certificate.ts'

export interface ServingPair {
  readonly serving: KeyAndCertificate
  /** PEM of the authority, for kubeconfigs and pods. */
  readonly ca: string
}

/**
 * The authority of a cluster and the certificate its API server shows for these names. With `keep` both live in `folder`
 * (readable by the owner only), so that kubeconfigs stay valid over a restart; a certificate that no longer fits is made anew.
 */
export async function servingPair(folder: string, keep: boolean, names: readonly string[], now: Date): Promise<ServingPair> {
  const stored = keep ? await readPair(folder, 'ca') : undefined
  const authority = stored ?? createCertificateAuthority({ now })
  const old = stored === undefined ? undefined : await readPair(folder, 'serving')
  const serving =
    old !== undefined && isUsable(authority, old.cert, names, now) ? old : createApiServerCertificate(authority, { names, now })
  if (keep) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if (authority !== stored) await writePair(folder, 'ca', authority)
    if (serving !== old) await writePair(folder, 'serving', serving)
  }
  return { serving, ca: authority.cert }
}

async function readPair(folder: string, name: string): Promise<KeyAndCertificate | undefined> {
  try {
    const [key, cert] = await Promise.all(['key', 'crt'].map(end => readFile(join(folder, `${name}.${end}`), 'utf8')))
    return key === undefined || cert === undefined ? undefined : { key, cert }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function writePair(folder: string, name: string, pair: KeyAndCertificate): Promise<void> {
  // Killed in between, the next start finds a key without its certificate, or the old pair; never half a file.
  await rm(join(folder, `${name}.crt`), { force: true })
  for (const [end, text] of [
    ['key', pair.key],
    ['crt', pair.cert],
  ] as const) {
    const fresh = join(folder, `${name}.${end}.new`)
    await writeFile(fresh, text, { mode: 0o600 })
    await rename(fresh, join(folder, `${name}.${end}`))
  }
}
