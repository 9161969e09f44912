import type { Duplex, Readable, Writable } from 'node:stream'
import type { ResidentProgram } from './resident-container.ts'

/** How strongly containers are kept apart. The reasons for a weaker one are in {@link ContainerRuntime.notes}. */
export type Isolation =
  /** root: mount and pid namespaces per container, network namespace per pod on a bridge; pod IPs are real. */
  | 'namespaces'
  /** not root: the same in user namespaces; pods are reached through relays. */
  | 'user-namespaces'
  /** neither: plain processes, one loopback address per pod. */
  | 'loopback'

/** An image as the catalogue describes it, ready to run. */
export interface ResolvedImage {
  /** As written in the manifest, with `:latest` when it had no tag. */
  readonly reference: string
  /** Changes whenever the image's content or definition does; becomes `imageID`. */
  readonly id: string
  /** Folders whose content lies over the host's root folder, the uppermost first; absent for images without files of their own. */
  readonly layers?: readonly string[]
  /** Single files of the host that the image asks for, by their path in the container; such as the Node that runs this process. */
  readonly hostFiles?: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workingDir?: string
  readonly stopSignal?: string
  /** Runs in the process of the node instead of one of its own; what concerns processes is then without meaning. */
  readonly resident?: ResidentProgram
}

/** Looks images up by name. Never goes to the network. */
export interface ImageCatalogue {
  /** Undefined when no entry matches: the pod then waits in ImagePullBackOff with {@link hint}. */
  resolve(reference: string): Promise<ResolvedImage | undefined>
  /** One sentence for the user: which folders were searched, and how an image is added. */
  hint(reference: string): string
}

export interface SandboxSpec {
  readonly podUid: string
  readonly namespace: string
  readonly name: string
  readonly hostname: string
  readonly hostNetwork: boolean
  /** Lines for /etc/hosts and the nameserver, where containers have an own /etc. */
  readonly hostAliases?: readonly { ip: string; hostnames: readonly string[] }[]
}

export interface Mount {
  readonly hostPath: string
  readonly mountPath: string
  readonly readOnly: boolean
}

export interface ContainerSpec {
  readonly name: string
  /** Counts the starts of this container in this pod. */
  readonly attempt: number
  readonly image: ResolvedImage
  /** Kubernetes' `command` and `args`, already expanded; absent means the image's own. */
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workingDir?: string
  readonly mounts: readonly Mount[]
  /** stdout and stderr are appended here, one CRI log line (`time stream F text`) per line. */
  readonly logPath: string
  readonly stdin?: boolean
  readonly tty?: boolean
}

export interface ExitStatus {
  readonly exitCode: number
  /** Set when a signal ended the process; `exitCode` is then 128 + signal. */
  readonly signal?: number
  readonly finishedAt: Date
}

export interface ExecSession {
  readonly stdin?: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  resize?(columns: number, rows: number): void
  readonly exit: Promise<ExitStatus>
  kill(): void
}

export interface Container {
  /** Unique for each start: `berth://<hex>` is what `containerID` shows. */
  readonly id: string
  /** Process id of the container's first process, as the host sees it. */
  readonly pid: number
  readonly startedAt: Date
  readonly exited: Promise<ExitStatus>
  /** Present when the container was started with `stdin`. */
  readonly stdin?: Writable
  /** Sends a signal to the first process. SIGKILL ends every process of the container. */
  kill(signal: NodeJS.Signals): void
  exec(command: readonly string[], options: { stdin: boolean; tty: boolean; env?: Readonly<Record<string, string>> }): Promise<ExecSession>
}

/** What the containers of one pod share: network, host name. */
export interface Sandbox extends AsyncDisposable {
  readonly id: string
  readonly podIPs: readonly string[]
  /** Starts a container; rejects with a `RuntimeError` (`code`, message for the user) when it cannot be started at all. */
  start(spec: ContainerSpec, signal: AbortSignal): Promise<Container>
}

/** Reaches the ports of pods from the host, whatever the isolation. Used by forwarders and probes. */
export interface PodDialer {
  /** Rejects like `net.connect` does (ECONNREFUSED and so on). */
  dialTcp(podIP: string, port: number, signal?: AbortSignal): Promise<Duplex>
  /** A UDP "connection" to the pod: one per flow of a client. */
  openUdp(podIP: string, port: number, onMessage: (data: Uint8Array) => void): Promise<UdpFlow>
}

export interface UdpFlow {
  send(data: Uint8Array): void
  close(): void
}

/** Runs pods' containers on this host. Every process ends with the runtime's own process, even after SIGKILL. */
export interface ContainerRuntime extends AsyncDisposable {
  readonly isolation: Isolation
  /** Lines for people: what was chosen and why nothing stronger. */
  readonly notes: readonly string[]
  readonly dialer: PodDialer
  createSandbox(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox>
}
