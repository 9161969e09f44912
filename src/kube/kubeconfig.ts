import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import type { Clock } from './clock.ts'
import { type Credential, type CredentialSource, fixedCredential, tokenFileCredential } from './credentials.ts'
import { type ExecConfig, execCredential } from './exec-credential.ts'

/** Everything it takes to reach one API server as one user. */
export interface ClusterConfig {
  /** Base URL, without a slash at its end. */
  readonly server: string
  /** PEM; the system's authorities when absent. */
  readonly ca?: string
  readonly insecureSkipTlsVerify: boolean
  /** Name to check the server's certificate against, when it is not the host of the URL. */
  readonly tlsServerName?: string
  readonly proxyUrl?: string
  /** Namespace of the context; `default` when it names none. */
  readonly namespace: string
  readonly credentials: CredentialSource
  /** Name of the context, for messages. */
  readonly context: string
}

export interface KubeconfigOptions {
  /** In order of precedence, as in `KUBECONFIG`: the first file that names something wins. Files that are missing are skipped. */
  readonly files: readonly string[]
  /** Default: the `current-context`. */
  readonly context?: string
  /** Handed to credential plugins. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock?: Clock
}

/** A kubeconfig that cannot be used; the message says what to do about it. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
  readonly code = 'KUBE_KUBECONFIG'
}

interface Cluster {
  server?: string
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  'insecure-skip-tls-verify'?: boolean
  'tls-server-name'?: string
  'proxy-url'?: string
}

interface User {
  token?: string
  tokenFile?: string
  username?: string
  password?: string
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  as?: string
  'as-uid'?: string
  'as-groups'?: string[]
  exec?: ExecConfig
  'auth-provider'?: { name?: string }
}

interface Context {
  cluster?: string
  user?: string
  namespace?: string
}

/** An entry with the folder of its file, from which relative paths count. */
interface Entry<T> {
  readonly value: T
  readonly folder: string
}

interface Merged {
  readonly clusters: Map<string, Entry<Cluster>>
  readonly users: Map<string, Entry<User>>
  readonly contexts: Map<string, Entry<Context>>
  currentContext: string | undefined
  readonly files: string[]
}

/**
 * Reads and merges kubeconfig files and resolves one context. Throws {@link KubeconfigError}.
 * Contract: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<ClusterConfig> {
  const merged = await mergeFiles(options.files)
  if (merged.files.length === 0) throw new KubeconfigError(`no kubeconfig found (looked at ${options.files.join(', ')})`)
  const name = options.context ?? merged.currentContext
  if (name === undefined || name === '')
    throw new KubeconfigError(`${merged.files.join(', ')}: no current-context is set; name one with --context`)
  const context = merged.contexts.get(name)?.value
  if (context === undefined) {
    throw new KubeconfigError(`context "${name}" does not exist; there are: ${[...merged.contexts.keys()].join(', ') || 'none'}`)
  }
  const cluster = merged.clusters.get(context.cluster ?? '')
  if (cluster?.value.server === undefined) throw new KubeconfigError(`context "${name}": cluster "${context.cluster ?? ''}" has no server`)
  const user = merged.users.get(context.user ?? '') ?? { value: {}, folder: cluster.folder }
  return clusterConfig(name, context, cluster, user, options)
}

async function clusterConfig(
  name: string,
  context: Context,
  cluster: Entry<Cluster>,
  user: Entry<User>,
  options: KubeconfigOptions,
): Promise<ClusterConfig> {
  const { value, folder } = cluster
  const ca = await inlineOrFile(value['certificate-authority-data'], value['certificate-authority'], folder)
  return {
    server: (value.server ?? '').replace(/\/+$/, ''),
    ...(ca === undefined ? {} : { ca }),
    insecureSkipTlsVerify: value['insecure-skip-tls-verify'] === true,
    ...(value['tls-server-name'] === undefined ? {} : { tlsServerName: value['tls-server-name'] }),
    ...(value['proxy-url'] === undefined ? {} : { proxyUrl: value['proxy-url'] }),
    namespace: context.namespace ?? 'default',
    credentials: await credentialsOf(user, cluster, options),
    context: name,
  }
}

async function credentialsOf(
  { value: user, folder }: Entry<User>,
  cluster: Entry<Cluster>,
  options: KubeconfigOptions,
): Promise<CredentialSource> {
  const cert = await inlineOrFile(user['client-certificate-data'], user['client-certificate'], folder)
  const key = await inlineOrFile(user['client-key-data'], user['client-key'], folder)
  if ((cert === undefined) !== (key === undefined))
    throw new KubeconfigError('the user has a client certificate without its key, or the reverse')
  const base: Credential = {
    headers: impersonationHeaders(user),
    ...(cert === undefined || key === undefined ? {} : { clientCertificate: { cert, key } }),
  }
  if (user.tokenFile !== undefined) return tokenFileCredential(resolve(folder, user.tokenFile), base, options.clock)
  if (user.token !== undefined) return fixedCredential({ ...base, headers: { ...base.headers, authorization: `Bearer ${user.token}` } })
  if (user.username !== undefined) {
    const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')
    return fixedCredential({ ...base, headers: { ...base.headers, authorization: `Basic ${basic}` } })
  }
  if (user.exec !== undefined && user.exec !== null) {
    const { server = '', ...rest } = cluster.value
    const clock = options.clock === undefined ? {} : { clock: options.clock }
    return execCredential({ exec: user.exec, cluster: { server, ...rest }, base, env: options.env, folder, ...clock })
  }
  if (user['auth-provider'] !== undefined) {
    throw new KubeconfigError(
      `auth-provider "${user['auth-provider'].name ?? ''}" is no longer supported by Kubernetes; use an exec plugin`,
    )
  }
  return fixedCredential(base)
}

function impersonationHeaders(user: User): Record<string, string | string[]> {
  return {
    ...(user.as === undefined ? {} : { 'impersonate-user': user.as }),
    ...(user['as-uid'] === undefined ? {} : { 'impersonate-uid': user['as-uid'] }),
    ...(user['as-groups'] === undefined ? {} : { 'impersonate-group': user['as-groups'] }),
  }
}

async function inlineOrFile(data: string | undefined, file: string | undefined, folder: string): Promise<string | undefined> {
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8')
  if (file === undefined || file === '') return undefined
  const path = resolve(folder, file)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new KubeconfigError(`cannot read ${path}, which the kubeconfig names`, { cause: error })
  }
}

async function mergeFiles(files: readonly string[]): Promise<Merged> {
  const merged: Merged = { clusters: new Map(), users: new Map(), contexts: new Map(), currentContext: undefined, files: [] }
  for (const file of files) {
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') continue
      throw new KubeconfigError(`cannot read the kubeconfig ${file}`, { cause: error })
    }
    mergeOne(merged, file, text)
  }
  return merged
}

function mergeOne(merged: Merged, file: string, text: string): void {
  let content: Record<string, unknown>
  try {
    content = (parse(text) ?? {}) as Record<string, unknown>
  } catch (error) {
    throw new KubeconfigError(`the kubeconfig ${file} is not valid YAML`, { cause: error })
  }
  const folder = dirname(resolve(file))
  merged.files.push(file)
  addEntries(merged.clusters, content['clusters'], 'cluster', folder)
  addEntries(merged.users, content['users'], 'user', folder)
  addEntries(merged.contexts, content['contexts'], 'context', folder)
  const current = content['current-context']
  if (typeof current === 'string' && current !== '') merged.currentContext ??= current
}

function addEntries<T>(into: Map<string, Entry<T>>, list: unknown, field: string, folder: string): void {
  if (!Array.isArray(list)) return
  for (const item of list as readonly Record<string, unknown>[]) {
    const name = item['name']
    if (typeof name !== 'string' || into.has(name)) continue
    into.set(name, { value: (item[field] ?? {}) as T, folder })
  }
}
