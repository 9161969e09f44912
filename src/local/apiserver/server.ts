import type { Clock } from '../../kube/clock.ts'
import type { Logger } from '../../kube/logger.ts'
import type { Transport } from '../../kube/transport.ts'
import type { HostPlan } from '../host-plan.ts'
import type { NodeStreams } from '../node/streams.ts'
import type { AdmissionPlugin } from './admission/admission.ts'
import type { RequestRecord } from './request.ts'

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
  /** Changes remembered per kind for watches that resume. Default 20,000. */
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
  /** The node side of logs, exec, attach and port-forward; refused with 503 until it is set. */
  setStreams(streams: NodeStreams): void
  readonly tokens: Tokens
}
