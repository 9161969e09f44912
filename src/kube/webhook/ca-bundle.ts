import { readCertificate } from './certificate-material.ts'

/** One `caBundle` of an object by which the API server is told whom to trust. */
export interface TrustPlace {
  /** Where it is, as a JSON pointer. */
  readonly path: string
  /** What has to be at another place for `path` to mean the same as when it was read. */
  readonly guard: { readonly path: string; readonly value: string }
  /** As it is now: PEM in base64. */
  readonly caBundle?: string | undefined
}

const blocksOf = (pem: string): string[] => pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g) ?? []

/** The fingerprints of the certificates in a PEM; order and text between them mean nothing. */
function fingerprintsOf(pem: string): Set<string> {
  return new Set(blocksOf(pem).flatMap(block => readCertificate(block)?.fingerprint256 ?? []))
}

const textOf = (caBundle: string | undefined): string => Buffer.from(caBundle ?? '', 'base64').toString('utf8')

/** Whether the authority is trusted at every place. */
export function allTrust(places: readonly TrustPlace[], cert: string): boolean {
  const [wanted = ''] = fingerprintsOf(cert)
  return places.every(({ caBundle }) => fingerprintsOf(textOf(caBundle)).has(wanted))
}

/** The authority that a bundle begins with: as bundles are written here, the one that signs. */
export function trustedFirst(places: readonly TrustPlace[]): string | undefined {
  return places.flatMap(({ caBundle }) => blocksOf(textOf(caBundle))).find(block => readCertificate(block) !== undefined)
}

/**
 * The JSON patch after which the authorities of `pem` and no others are trusted at every place of an object; empty when they are. It fails when
 * the object's parts have changed places meanwhile.
 */
export function bundlePatch(places: readonly TrustPlace[], pem: string): object[] {
  const wanted = fingerprintsOf(pem)
  const value = Buffer.from(pem).toString('base64')
  return places.flatMap(({ path, guard, caBundle }) => {
    const current = fingerprintsOf(textOf(caBundle))
    if (current.size === wanted.size && current.isSubsetOf(wanted)) return []
    return [
      { op: 'test', ...guard },
      { op: 'add', path, value },
    ]
  })
}
