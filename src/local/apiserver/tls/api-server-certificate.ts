import { createServingCertificate, type KeyAndCertificate } from '../../../kube/tls/certificates.ts'

const standardNames = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
]

/** The certificate an API server shows: it bears the names every API server is called by, and `names`. */
export function createApiServerCertificate(
  authority: KeyAndCertificate,
  { names = [], now = new Date() }: { readonly names?: readonly string[]; readonly now?: Date } = {},
): KeyAndCertificate {
  return createServingCertificate(authority, { commonName: 'kube-apiserver', names: [...standardNames, ...names], now })
}
