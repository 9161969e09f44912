import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock, type Clock } from '../../kube/clock.ts'
import { noopLogger, type Logger } from '../../kube/logger.ts'
import type { Transport } from '../../kube/transport.ts'
import type { HostPlan } from '../host-plan.ts'
import type { NodeStreams } from '../node/streams.ts'
import type { AdmissionPlugin, UserInfo } from './admission/admission.ts'
import { AdmissionChain } from './admission/chain.ts'
import { PodReferences } from './admission/pod-references.ts'
import { WebhookAdmission } from './admission/webhooks.ts'
import { Api } from './api.ts'
import { adminUser, Authenticator, masters } from './auth/authenticator.ts'
import { Rbac } from './auth/rbac.ts'
import { Reviews } from './auth/reviews.ts'
import { issuer, serviceAccountOf, serviceAccountUser, TokenSigner } from './auth/tokens.ts'
import { HttpServer } from './http/http-server.ts'
import { InProcessTransport } from './in-process-transport.ts'
import { createDefaultObjects } from './lifecycle/default-objects.ts'
import { migrateDefaults } from './lifecycle/default-migration.ts'
import { DefinitionCleaner } from './lifecycle/definition-cleaner.ts'
import { EventExpiry } from './lifecycle/event-expiry.ts'
import { GarbageCollector, type LifecycleOptions } from './lifecycle/garbage-collector.ts'
import { NamespaceCleaner } from './lifecycle/namespace-cleaner.ts'
import { RequestMetrics } from './metrics.ts'
import { OpenApiPublisher } from './openapi/publisher.ts'
import { PodStreams } from './pod-streams.ts'
import type { RequestRecord } from './request.ts'
import { builtinResources } from './resources/builtin.ts'
import { serveDefinitions } from './resources/custom.ts'
import { type QuestionKind, questionResource } from './resources/question.ts'
import { ResourceTable } from './resources/resource-table.ts'
import { ObjectRemover } from './rest/object-remover.ts'
import { ObjectWriter } from './rest/object-writer.ts'
import { ResourceApi } from './rest/resource-api.ts'
import { SubresourceApi } from './rest/subresource-api.ts'
import { ServiceAllocator } from './services/service-allocator.ts'
import { moveServices } from './services/service-move.ts'
import { openSqlite, type Persistence } from './storage/persistence.ts'
import { Storage } from './storage/storage.ts'
import { WatchHub } from './watch/watch-hub.ts'

export interface ApiServerOptions {
  /** Gives the network of cluster IPs. */
  plan: HostPlan
  /** A folder for the objects to live in beyond the process; memory only when absent. */
  dataDir?: string
  clock?: Clock
  logger?: Logger
  /** Random numbers in [0, 1) for generated names. Default `Math.random`. */
  random?: () => number
  /** The bearer token of the administrator. Default: generated, and kept in `dataDir`. */
  adminToken?: string
  /** How long events are kept, in seconds. Default 3600. */
  eventTtlSeconds?: number
  /** Changes remembered per kind for watches that resume. Default 10,000. */
  historyLimit?: number
  /** Called for every answered request. */
  onRequest?: (record: RequestRecord) => void
}

/** What people and programs prove themselves with. Never log these. */
export interface Tokens {
  /** Of the user `admin` in `system:masters`. */
  readonly admin: string
  /** Mints a token of a service account, as `serviceaccounts/token` does. */
  forServiceAccount(namespace: string, name: string, lifetimeSeconds?: number): string
}

export interface ListenOptions {
  host: string
  /** 0 picks a free one. */
  port: number
  /** PEM. See `createServingCertificate` in tls.ts. */
  tls: { key: string; cert: string; clientCa?: string }
}

/** A Kubernetes API server in this process. */
export interface ApiServer extends AsyncDisposable {
  /**
   * The way in without a socket. Objects come deeply frozen and without a copy. Trusted: every user but a service account
   * (`system:serviceaccount:NAMESPACE:NAME`) may do everything. Default user: `system:admin`.
   */
  transport(user?: string): Transport
  /** Serves HTTPS as well. Rejects when the port is taken. */
  listen(options: ListenOptions): Promise<{ port: number }>
  registerAdmission(plugin: AdmissionPlugin): void
  /** Serves a kind that only answers, until the server ends. */
  registerQuestion(kind: QuestionKind): void
  /** The node side of logs, exec, attach and port-forward; refused with 503 until it is set. */
  setStreams(streams: NodeStreams): void
  readonly tokens: Tokens
}

/** Seconds between bookmarks, as the real server has them. */
const bookmarkSeconds = 60

/** Seconds between looks for events that are due to go. */
const expirySeconds = 5

/** The user of the server's own housekeeping. */
const internalUser: UserInfo = { name: 'system:apiserver', groups: [masters, 'system:authenticated'] }

/** Starts an API server; it is ready when the promise resolves. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { plan, clock = systemClock, logger = noopLogger, random = Math.random, dataDir } = options
  const persistence = dataDir === undefined ? undefined : openData(dataDir)
  const storage = new Storage({
    ...(persistence === undefined ? {} : { persistence }),
    ...(options.historyLimit === undefined ? {} : { historyLimit: options.historyLimit }),
  })
  const resources = new ResourceTable()
  for (const resource of builtinResources(resources)) resources.add(resource)
  const hub = new WatchHub(storage)
  serveDefinitions(storage, resources, hub)
  migrateDefaults(storage, resources)
  moveServices(storage, plan.serviceNetwork)
  const admission = new AdmissionChain()
  admission.register(new PodReferences(storage))
  admission.register(new WebhookAdmission(storage, logger))
  const writer = new ObjectWriter({ storage, admission, clock, random, commitSteps: [new ServiceAllocator(storage, plan.serviceNetwork)] })
  const remover = new ObjectRemover({ storage, admission, clock })
  const signer = new TokenSigner(
    Buffer.from(
      setting(persistence, 'token-key', () => randomBytes(32).toString('base64')),
      'base64',
    ),
  )
  const adminToken = options.adminToken ?? setting(persistence, 'admin-token', () => randomBytes(24).toString('base64url'))
  const authenticator = new Authenticator(adminToken, signer, storage)
  const rbac = new Rbac(storage)
  const objects = new ResourceApi({ storage, hub, writer, remover, clock })
  const metrics = new RequestMetrics()
  const streams = new PodStreams(storage, resources, clock)
  const api = new Api({
    storage,
    resources,
    objects,
    subresources: new SubresourceApi({ storage, writer, remover, objects, signer, clock }),
    reviews: new Reviews(rbac, authenticator),
    rbac,
    openapi: new OpenApiPublisher(() => resources.all()),
    metrics,
    hub,
    clock,
    logger,
    onRequest: options.onRequest,
    refuseStream: (namespace, pod, query) => streams.refuse(namespace, pod, query),
    podLogs: (namespace, pod, query, signal) => streams.logs(namespace, pod, query, signal),
  })
  const context = {
    user: internalUser,
    dryRun: false,
    fieldManager: 'kube-apiserver',
    fieldValidation: 'Strict',
    subresource: undefined,
    warnings: [],
  } as const
  const ensureDefaults = () => createDefaultObjects(writer, resources, { ...context, warnings: [] }, plan.serviceNetwork.ip(0))
  await ensureDefaults()
  storage.onCommit((collection, { type, object: { metadata } }) => {
    if (collection !== 'services' || type !== 'DELETED' || metadata.name !== 'kubernetes' || metadata.namespace !== 'default') return
    // `kubectl delete all --all` takes the server's own Service along; the real server puts it back too.
    setImmediate(() => void ensureDefaults().catch((error: unknown) => logger.error('the default objects are not back', { error })))
  })
  const count: LifecycleOptions['count'] = (resource, verb) => api.count(resource, '', verb, internalUser.name, 200)
  const internal = { storage, resources, writer, remover, clock, logger, context: { ...context, warnings: [] }, count }
  const cleaners = [new GarbageCollector(internal), new NamespaceCleaner(internal), new DefinitionCleaner(internal)]
  for (const cleaner of cleaners) await cleaner.start()
  const events = new EventExpiry(storage, clock, (options.eventTtlSeconds ?? 3600) * 1000)
  const expiry = setInterval(() => events.expire(), expirySeconds * 1000)
  expiry.unref()
  const bookmarks = setInterval(() => hub.sendBookmarks(), bookmarkSeconds * 1000)
  bookmarks.unref()
  const servers: HttpServer[] = []
  return {
    transport: (user = 'system:admin') =>
      new InProcessTransport(api, trustedUser(user, storage), (path, query, protocols, by, signal) =>
        streams.open(api, path, query, protocols, by, signal),
      ),
    async listen({ host, port, tls }) {
      const server = new HttpServer({ api, authenticator, clock, tls, onUpgrade: upgrade => streams.upgrade(api, upgrade) })
      const actual = await server.listen(host, port)
      servers.push(server)
      return { port: actual }
    },
    registerAdmission: plugin => admission.register(plugin),
    registerQuestion: kind => resources.add(questionResource(kind)),
    setStreams: given => streams.connect(given),
    tokens: {
      admin: adminToken,
      forServiceAccount(namespace, name, lifetimeSeconds = 3600) {
        const uid = storage.get('serviceaccounts', namespace, name)?.metadata.uid ?? ''
        const now = Math.floor(clock.now() / 1000)
        return signer.sign({ namespace, name, uid, issuedAt: now, expiresAt: now + lifetimeSeconds, audiences: [issuer] })
      },
    },
    async [Symbol.asyncDispose]() {
      clearInterval(bookmarks)
      clearInterval(expiry)
      await Promise.all(cleaners.map(cleaner => cleaner[Symbol.asyncDispose]()))
      hub[Symbol.dispose]()
      streams.close()
      await Promise.all(servers.map(server => server[Symbol.asyncDispose]()))
      storage[Symbol.dispose]()
    },
  }
}

function openData(dataDir: string): Persistence {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  return openSqlite(join(dataDir, 'objects.sqlite'))
}

/** A value that is made once and kept with the data. */
function setting(persistence: Persistence | undefined, key: string, make: () => string): string {
  const known = persistence?.getSetting(key)
  if (known !== undefined) return known
  const value = make()
  persistence?.setSetting(key, value)
  return value
}

/** Users of the in-process way are taken at their word; only service accounts have no more than their roles give. */
function trustedUser(name: string, storage: Storage): UserInfo {
  if (name === 'admin') return adminUser
  const account = serviceAccountOf(name)
  if (account === undefined) return { name, groups: [masters, 'system:authenticated'] }
  const uid = storage.get('serviceaccounts', account.namespace, account.name)?.metadata.uid
  return serviceAccountUser(account.namespace, account.name, uid)
}
