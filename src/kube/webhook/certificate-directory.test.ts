import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FakeClock } from '../fake-clock.ts'
import { createCertificateAuthority, createServingCertificate, type KeyAndCertificate } from '../tls/certificates.ts'
import { CertificateDirectory } from './certificate-directory.ts'

const authority = createCertificateAuthority()
const make = () => createServingCertificate(authority, { names: ['a.b.svc'] })
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-tls-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const write = async ({ cert, key }: KeyAndCertificate): Promise<void> => {
  await writeFile(join(directory, 'tls.crt'), cert)
  await writeFile(join(directory, 'tls.key'), key)
}

it('waits for a certificate, follows its renewal, and passes over what does not fit', async () => {
  const clock = new FakeClock()
  const shown: KeyAndCertificate[] = []
  const troubles: unknown[] = []
  const ignore = (): void => {}
  const logger = { debug: ignore, info: ignore, warn: ignore, error: (_: string, fields?: object) => troubles.push(fields) }
  await using follower = new CertificateDirectory({ directory, clock, logger, onCertificate: certificate => shown.push(certificate) })
  const pass = async (ms: number, until: () => boolean) => {
    await vi.waitFor(async () => {
      await clock.advance(ms)
      expect(until()).toBe(true)
    })
  }
  const started = follower.start(new AbortController().signal)
  await pass(1000, () => troubles.length === 1)
  const [first, second] = [make(), make()]
  await write(first)
  await pass(1000, () => shown.length === 1)
  await started
  await writeFile(join(directory, 'tls.crt'), second.cert)
  await pass(10_000, () => troubles.length === 2)
  expect(shown).toEqual([first])
  await write(second)
  await pass(10_000, () => shown.length === 2)
  expect(shown).toEqual([first, second])
})
