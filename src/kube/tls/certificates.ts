import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { isIP } from 'node:net'
import { bits, boolean, explicit, implicit, integer, objectId, octets, pem, sequence, set, time, utf8 } from './der.ts'

/** A key and its certificate, both PEM. */
export interface KeyAndCertificate {
  readonly key: string
  readonly cert: string
}

export interface CertificateOptions {
  /** Default now. The certificate counts from a day earlier, so that clocks may differ. */
  readonly now?: Date
  /** How long it holds from `now`, in milliseconds. Default ten years. */
  readonly lifetimeMs?: number
}

export interface AuthorityOptions extends CertificateOptions {
  /** Default `berth-ca`. */
  readonly commonName?: string
}

export interface ServingCertificateOptions extends CertificateOptions {
  /** Host names and IP addresses that clients may know the server by. */
  readonly names: readonly string[]
  /** Default: the first name. */
  readonly commonName?: string
}

const day = 24 * 60 * 60 * 1000
const tenYears = 3650 * day
const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'))

/** By how much certificates count from before they were made, in milliseconds. */
export const backdatedMs = day

/** A new certificate authority of its own, on EC P-256. */
export function createCertificateAuthority({
  now = new Date(),
  lifetimeMs = tenYears,
  commonName = 'berth-ca',
}: AuthorityOptions = {}): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const self = { commonName }
  const validity = { from: new Date(now.getTime() - backdatedMs), until: new Date(now.getTime() + lifetimeMs) }
  const cert = certificate({
    subject: self,
    issuer: self,
    publicKey,
    issuerKey: publicKey,
    signer: privateKey,
    validity,
    isAuthority: true,
    names: [],
  })
  return { key: pemOf(privateKey), cert }
}

/** The certificate a server shows to those who call it by one of the names, signed by the authority. */
export function createServingCertificate(
  authority: KeyAndCertificate,
  { names, commonName = names[0] ?? '', ...options }: ServingCertificateOptions,
): KeyAndCertificate {
  return issue(authority, { commonName }, [...new Set(names)], options)
}

/** A client certificate: `commonName` is the user, `organizations` are the groups. */
export function createClientCertificate(
  authority: KeyAndCertificate,
  commonName: string,
  organizations: readonly string[],
  options: CertificateOptions = {},
): KeyAndCertificate {
  return issue(authority, { commonName, organizations }, [], options)
}

/** Whether a certificate names all these hosts; host names may be covered by a wildcard. */
export function namesAll(cert: X509Certificate, names: readonly string[]): boolean {
  return names.every(name => (isIP(name) === 0 ? cert.checkHost(name) : cert.checkIP(name)) !== undefined)
}

/** Whether a certificate still holds for a day, is signed by the authority and names all these hosts. */
export function isUsable(authority: KeyAndCertificate, cert: string, names: readonly string[], now: Date = new Date()): boolean {
  const read = new X509Certificate(cert)
  return read.validToDate.getTime() > now.getTime() + day && read.verify(createPublicKey(authority.cert)) && namesAll(read, names)
}

interface Subject {
  readonly commonName: string
  readonly organizations?: readonly string[]
}

function issue(
  authority: KeyAndCertificate,
  subject: Subject,
  names: readonly string[],
  { now = new Date(), lifetimeMs = tenYears }: CertificateOptions,
): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = { commonName: /CN=(.*)/.exec(new X509Certificate(authority.cert).subject)?.[1] ?? '' }
  const validity = { from: new Date(now.getTime() - backdatedMs), until: new Date(now.getTime() + lifetimeMs) }
  const issuerKey = createPublicKey(authority.cert)
  const signer = createPrivateKey(authority.key)
  const cert = certificate({ subject, issuer, publicKey, issuerKey, signer, validity, isAuthority: false, names })
  return { key: pemOf(privateKey), cert }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

interface CertificateFacts {
  readonly subject: Subject
  readonly issuer: Subject
  readonly publicKey: KeyObject
  readonly issuerKey: KeyObject
  readonly signer: KeyObject
  readonly validity: { readonly from: Date; readonly until: Date }
  readonly isAuthority: boolean
  readonly names: readonly string[]
}

/** RFC 5280, version 3. */
function certificate({ subject, issuer, publicKey, issuerKey, signer, validity, isAuthority, names }: CertificateFacts): string {
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    distinguishedName(issuer),
    sequence(time(validity.from), time(validity.until)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(isAuthority, names, keyId(publicKey), keyId(issuerKey)))),
  )
  const signature = sign('sha256', body, signer)
  return pem('CERTIFICATE', sequence(body, ecdsaWithSha256, bits(signature)))
}

/** Tells authorities of one name apart: clients that trust several pick the issuer by it. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

function distinguishedName({ commonName, organizations = [] }: Subject): Buffer {
  const part = (id: string, text: string): Buffer => set(sequence(objectId(id), utf8(text)))
  return sequence(...organizations.map(name => part('2.5.4.10', name)), part('2.5.4.3', commonName))
}

function extensions(isAuthority: boolean, names: readonly string[], subjectKeyId: Buffer, issuerKeyId: Buffer): Buffer[] {
  const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
    sequence(objectId(id), ...(critical ? [boolean(true)] : []), octets(value))
  const result = [extension('2.5.29.19', true, isAuthority ? sequence(boolean(true)) : sequence())]
  // keyCertSign and cRLSign; digitalSignature.
  result.push(extension('2.5.29.15', true, isAuthority ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7)))
  result.push(extension('2.5.29.14', false, octets(subjectKeyId)))
  result.push(extension('2.5.29.35', false, sequence(implicit(0, issuerKeyId))))
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
