import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../clock.ts'
import { type Logger, noopLogger } from '../logger.ts'
import type { KeyAndCertificate } from '../tls/certificates.ts'
import { usablePair } from './certificate-material.ts'

export interface CertificateDirectoryOptions {
  /** Holds `tls.crt` and `tls.key`, as a mounted Secret of cert-manager does. */
  readonly directory: string
  /** Called with the certificate to show: once before {@link CertificateDirectory.start} resolves, and with each new one. Must not throw. */
  readonly onCertificate: (certificate: KeyAndCertificate) => void
  readonly clock?: Clock
  readonly logger?: Logger
}

/** Mounted Secrets change by a swap of links, which file watchers miss; reading two small files does not. */
const periodMs = 10_000

/** Follows a certificate that somebody else renews. Files that are half written, or do not fit each other, are passed over. */
export class CertificateDirectory implements AsyncDisposable {
  readonly #options: CertificateDirectoryOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #shown: KeyAndCertificate | undefined
  #trouble = ''

  constructor(options: CertificateDirectoryOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? noopLogger
  }

  /** Resolves when there is a certificate, however long that takes. Rejects only when the signal is aborted. */
  async start(signal: AbortSignal): Promise<void> {
    const both = AbortSignal.any([signal, this.#stop.signal])
    for (;;) {
      await this.#look()
      if (this.#shown !== undefined) break
      await this.#clock.sleep(1000, both)
    }
    this.#running = this.#keep().catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('following the certificate was stopped'))
    await this.#running
  }

  async #keep(): Promise<void> {
    for (;;) {
      await this.#clock.sleep(periodMs, this.#stop.signal)
      await this.#look()
    }
  }

  async #look(): Promise<void> {
    const { directory, onCertificate } = this.#options
    try {
      const [cert, key] = await Promise.all([readFile(join(directory, 'tls.crt'), 'utf8'), readFile(join(directory, 'tls.key'), 'utf8')])
      if (cert === this.#shown?.cert && key === this.#shown.key) return
      const pair = usablePair({ cert, key })
      if (pair === undefined) throw new Error(`tls.key does not fit tls.crt in ${directory}`)
      this.#shown = pair
      onCertificate(pair)
      this.#trouble = ''
      this.#logger.info('webhook certificate in use', { directory })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (message !== this.#trouble) this.#logger.error('the webhook certificate cannot be read', { error: message })
      this.#trouble = message
    }
  }
}
