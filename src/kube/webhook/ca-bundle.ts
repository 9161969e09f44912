import { readCertificate } from './certificate-material.ts'

/** The parts of a webhook in a configuration that matter here. */
export interface ConfiguredWebhook {
  readonly name: string
  readonly clientConfig: { readonly caBundle?: string }
}

const blocksOf = (pem: string): string[] => pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g) ?? []

/** The fingerprints of the certificates in a PEM; order and text between them mean nothing. */
function fingerprintsOf(pem: string): Set<string> {
  return new Set(blocksOf(pem).flatMap(block => readCertificate(block)?.fingerprint256 ?? []))
}

const textOf = (caBundle: string | undefined): string => Buffer.from(caBundle ?? '', 'base64').toString('utf8')

/** Whether every webhook trusts the authority. */
export function allTrust(webhooks: readonly ConfiguredWebhook[], cert: string): boolean {
  const [wanted = ''] = fingerprintsOf(cert)
  return webhooks.every(({ clientConfig }) => fingerprintsOf(textOf(clientConfig.caBundle)).has(wanted))
}

/** The authority that a bundle begins with: as bundles are written here, the one that signs. */
export function trustedFirst(webhooks: readonly ConfiguredWebhook[]): string | undefined {
  return webhooks.flatMap(({ clientConfig }) => blocksOf(textOf(clientConfig.caBundle))).find(block => readCertificate(block) !== undefined)
}

/**
 * The JSON patch that makes every webhook trust the authorities of `pem` and no others; empty when they do. It fails when the webhooks have
 * changed places meanwhile.
 */
export function bundlePatch(webhooks: readonly ConfiguredWebhook[], pem: string): object[] {
  const wanted = fingerprintsOf(pem)
  const value = Buffer.from(pem).toString('base64')
  return webhooks.flatMap(({ name, clientConfig }, index) => {
    const current = fingerprintsOf(textOf(clientConfig.caBundle))
    if (current.size === wanted.size && current.isSubsetOf(wanted)) return []
    const path = `/webhooks/${index}`
    return [
      { op: 'test', path: `${path}/name`, value: name },
      { op: 'add', path: `${path}/clientConfig/caBundle`, value },
    ]
  })
}
