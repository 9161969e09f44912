import { spawn } from 'node:child_process'
import { type Clock, systemClock } from './clock.ts'
import { type Credential, type CredentialSource, withToken } from './credentials.ts'

/** The `exec` entry of a kubeconfig user. */
export interface ExecConfig {
  readonly apiVersion: string
  readonly command: string
  readonly args?: readonly string[] | null
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
  readonly installHint?: string
  readonly provideClusterInfo?: boolean
  readonly interactiveMode?: 'Never' | 'IfAvailable' | 'Always'
}

export interface ExecClusterInfo {
  readonly server: string
  readonly 'certificate-authority-data'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  readonly 'tls-server-name'?: string
}

export interface ExecCredentialOptions {
  readonly exec: ExecConfig
  readonly cluster: ExecClusterInfo
  /** Headers that are sent in any case. */
  readonly base: Credential
  /** The environment the command inherits. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Relative commands are found from the kubeconfig's folder. */
  readonly folder: string
  readonly clock?: Clock
}

export class ExecCredentialError extends Error {
  override readonly name = 'ExecCredentialError'
  readonly code = 'KUBE_EXEC_CREDENTIAL'
}

interface ExecCredentialStatus {
  readonly expirationTimestamp?: string
  readonly token?: string
  readonly clientCertificateData?: string
  readonly clientKeyData?: string
}

const supported = new Set(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'])
/** Credentials are renewed this much before they expire, so that no request carries one that expires on its way. */
const earlyMs = 10_000

/**
 * Runs a credential plugin (`aws eks get-token`, `gke-gcloud-auth-plugin`, …) and remembers what it says until it expires or is
 * refused. Requests that come meanwhile share one run.
 * Contract: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
export function execCredential(options: ExecCredentialOptions): CredentialSource {
  const { exec, clock = systemClock } = options
  if (!supported.has(exec.apiVersion)) throw new ExecCredentialError(`exec plugin: the version ${exec.apiVersion} is not supported`)
  let known: { readonly credential: Promise<Credential>; expiresAt: number } | undefined
  return {
    get() {
      if (known !== undefined && clock.now() < known.expiresAt) return known.credential
      const run = runPlugin(options)
      const entry = { credential: run.then(status => credentialOf(options.base, status)), expiresAt: Number.POSITIVE_INFINITY }
      known = entry
      run.then(
        ({ expirationTimestamp }) => {
          if (expirationTimestamp !== undefined) entry.expiresAt = Date.parse(expirationTimestamp) - earlyMs
        },
        () => {
          if (known === entry) known = undefined
        },
      )
      return entry.credential
    },
    invalidate() {
      const hadOne = known !== undefined
      known = undefined
      return hadOne
    },
  }
}

function credentialOf(base: Credential, status: ExecCredentialStatus): Credential {
  const { token, clientCertificateData, clientKeyData } = status
  const credential = token === undefined ? base : withToken(base, token)
  if (clientCertificateData === undefined || clientKeyData === undefined) {
    if (token === undefined)
      throw new ExecCredentialError('exec plugin: the answer has neither a token nor a client certificate with its key')
    return credential
  }
  return { ...credential, clientCertificate: { cert: clientCertificateData, key: clientKeyData } }
}

async function runPlugin({ exec, cluster, env, folder }: ExecCredentialOptions): Promise<ExecCredentialStatus> {
  const interactive = exec.interactiveMode !== 'Never' && process.stdin.isTTY
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, ...(exec.provideClusterInfo === true ? { cluster } : {}) },
  }
  const own = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]))
  const command = /[/\\]/.test(exec.command) && !exec.command.startsWith('/') ? `${folder}/${exec.command}` : exec.command
  const child = spawn(command, [...(exec.args ?? [])], {
    env: { ...env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
  })
  const output: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', error => reject(notStarted(exec, error)))
    child.once('close', code => resolve(code))
  })
  if (exitCode !== 0) throw new ExecCredentialError(`exec plugin: ${exec.command} failed with exit code ${exitCode}`)
  return parseAnswer(exec, Buffer.concat(output).toString('utf8'))
}

function notStarted(exec: ExecConfig, cause: Error): ExecCredentialError {
  const hint = exec.installHint === undefined ? '' : `\n${exec.installHint.trim()}`
  return new ExecCredentialError(`exec plugin: ${exec.command} could not be started: ${cause.message}${hint}`, { cause })
}

function parseAnswer(exec: ExecConfig, text: string): ExecCredentialStatus {
  let answer: { kind?: string; apiVersion?: string; status?: ExecCredentialStatus }
  try {
    answer = JSON.parse(text) as typeof answer
  } catch (error) {
    throw new ExecCredentialError(`exec plugin: ${exec.command} did not answer with JSON`, { cause: error })
  }
  if (answer.kind !== 'ExecCredential' || answer.status === undefined) {
    throw new ExecCredentialError(`exec plugin: ${exec.command} did not answer with an ExecCredential that has a status`)
  }
  if (answer.apiVersion !== exec.apiVersion) {
    throw new ExecCredentialError(`exec plugin: ${exec.command} answered in version ${answer.apiVersion}, asked for ${exec.apiVersion}`)
  }
  return answer.status
}
