import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { bits, boolean, explicit, implicit, integer, objectId, octets, pem, sequence, set, time, utf8 } from './der.ts'

/** A key and its certificate, both PEM. */
export interface KeyAndCertificate {
  readonly key: string
  readonly cert: string
}

export interface ServingCertificateOptions {
  /** Host names and IP addresses beside those every API server has (`localhost`, `kubernetes.default.svc`, 127.0.0.1 …). */
  readonly names?: readonly string[]
  readonly now?: Date
}

const years = 10
const day = 24 * 60 * 60 * 1000
const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'))

const standardNames = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
]

/** A new certificate authority of its own: EC P-256, ten years. */
export function createCertificateAuthority(now: Date = new Date()): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = 'berth-ca'
  const cert = certificate({
    subject: { commonName: name },
    issuer: { commonName: name },
    publicKey,
    signer: privateKey,
    now,
    isAuthority: true,
    names: [],
  })
  return { key: pemOf(privateKey), cert }
}

/** The certificate an API server shows, signed by the authority. */
export function createServingCertificate(
  authority: KeyAndCertificate,
  { names = [], now = new Date() }: ServingCertificateOptions = {},
): KeyAndCertificate {
  return issue(authority, { commonName: 'kube-apiserver' }, [...new Set([...standardNames, ...names])], now)
}

/** A client certificate: `commonName` is the user, `organizations` are the groups. */
export function createClientCertificate(
  authority: KeyAndCertificate,
  commonName: string,
  organizations: readonly string[],
  now: Date = new Date(),
): KeyAndCertificate {
  return issue(authority, { commonName, organizations }, [], now)
}

/** Whether a certificate still holds for a day, is signed by the authority and names all these hosts. */
export function isUsable(authority: KeyAndCertificate, cert: string, names: readonly string[], now: Date = new Date()): boolean {
  const read = new X509Certificate(cert)
  const isValid = read.validToDate.getTime() > now.getTime() + day && read.verify(createPublicKey(authority.cert))
  return isValid && names.every(name => (isIP(name) === 0 ? read.checkHost(name) : read.checkIP(name)) !== undefined)
}

interface Subject {
  readonly commonName: string
  readonly organizations?: readonly string[]
}

function issue(authority: KeyAndCertificate, subject: Subject, names: readonly string[], now: Date): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = { commonName: /CN=(.*)/.exec(new X509Certificate(authority.cert).subject)?.[1] ?? '' }
  const cert = certificate({ subject, issuer, publicKey, signer: createPrivateKey(authority.key), now, isAuthority: false, names })
  return { key: pemOf(privateKey), cert }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

interface CertificateFacts {
  readonly subject: Subject
  readonly issuer: Subject
  readonly publicKey: KeyObject
  readonly signer: KeyObject
  readonly now: Date
  readonly isAuthority: boolean
  readonly names: readonly string[]
}

/** RFC 5280, version 3. */
function certificate({ subject, issuer, publicKey, signer, now, isAuthority, names }: CertificateFacts): string {
  const until = new Date(now.getTime() + years * 365 * day)
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    distinguishedName(issuer),
    sequence(time(new Date(now.getTime() - day)), time(until)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(isAuthority, names))),
  )
  const signature = sign('sha256', body, signer)
  return pem('CERTIFICATE', sequence(body, ecdsaWithSha256, bits(signature)))
}

function distinguishedName({ commonName, organizations = [] }: Subject): Buffer {
  const part = (id: string, text: string): Buffer => set(sequence(objectId(id), utf8(text)))
  return sequence(...organizations.map(name => part('2.5.4.10', name)), part('2.5.4.3', commonName))
}

function extensions(isAuthority: boolean, names: readonly string[]): Buffer[] {
  const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
    sequence(objectId(id), ...(critical ? [boolean(true)] : []), octets(value))
  const result = [extension('2.5.29.19', true, isAuthority ? sequence(boolean(true)) : sequence())]
  // keyCertSign and cRLSign; digitalSignature.
  result.push(extension('2.5.29.15', true, isAuthority ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7)))
  if (!isAuthority) {
    const usage = names.length > 0 ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'
    result.push(extension('2.5.29.37', false, sequence(objectId(usage))))
  }
  if (names.length > 0) result.push(extension('2.5.29.17', false, sequence(...names.map(alternativeName))))
  return result
}

function alternativeName(name: string): Buffer {
  const kind = isIP(name)
  if (kind === 0) return implicit(2, Buffer.from(name))
  return implicit(7, kind === 4 ? Buffer.from(name.split('.').map(Number)) : addressBytes6(name))
}

function addressBytes6(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16)))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
  return Buffer.from(all.flatMap(group => [group >>> 8, group & 0xff]))
}
