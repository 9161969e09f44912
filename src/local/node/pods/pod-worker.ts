import { join } from 'node:path'
import type { PodStatus } from '../../../apis/core/types.generated.ts'
import type { PodPlace } from '../env/field-ref.ts'
import type { NodeContext } from '../node-context.ts'
import { messageOf, NodeError, type NodeErrorCode } from '../node-error.ts'
import type { Sandbox } from '../runtime/runtime.ts'
import type { ProjectionContext } from '../volumes/projection.ts'
import { PodVolumes } from '../volumes/pod-volumes.ts'
import { rejectWhenAborted } from './aborted.ts'
import { Alarm } from './alarm.ts'
import { retryDelay } from './back-off.ts'
import { ContainerRecord } from './container-record.ts'
import { absent, containersOf, type ContainerState, type PodContainer, type PodObject } from './container-state.ts'
import { ignoredFields } from './ignored-fields.ts'
import { launchContainer } from './launch-container.ts'
import { computePodActions, isSettled, type ContainerStates, type PodActions } from './pod-actions.ts'
import { computePodStatus } from './pod-status.ts'
import { restoreStates } from './restore.ts'
import { sandboxSpec } from './sandbox-spec.ts'
import { hasHostPorts, portTroubles } from './shared-ports.ts'
import { StatusWriter } from './status-writer.ts'
import { defaultGraceSeconds, restartGraceSeconds, stopRecord } from './stop-container.ts'
import { confirmDeletion, removeLeftovers, stopContainers } from './pod-end.ts'

const eventReasons: Readonly<Record<NodeErrorCode, string>> = {
  VOLUME: 'FailedMount',
  SANDBOX: 'FailedCreatePodSandBox',
  CONFIG_REFERENCE: 'FailedSync',
  HOOK: 'FailedSync',
}
const podRetry = { baseMs: 500, maxMs: 20_000 }
/** How often a pod is looked at though nothing happened: renews tokens. */
const resyncMs = 120_000

/**
 * Makes one pod's containers be what the pod says. Level-based: it compares and takes the next step, again and again, one at a
 * time; a newer version of the pod or an event of a container only rings its alarm. Ends when the pod is gone from this node.
 */
export class PodWorker {
  readonly uid: string
  /** Resolves when nothing of the pod is left on the node. */
  readonly done: Promise<void>
  readonly #context: NodeContext
  readonly #records: ReadonlyMap<string, ContainerRecord>
  readonly #volumes: PodVolumes
  readonly #status: StatusWriter
  readonly #alarm: Alarm
  readonly #startedAt: number
  /** Ends the work on starting things. */
  readonly #stopWork = new AbortController()
  /** Aborted when the node ends. */
  readonly #closed = new AbortController()
  /** Ends the grace period of a termination. */
  readonly #graceOver = new AbortController()
  #graceTimer: { readonly at: number; readonly timer: Disposable } | undefined
  #pod: PodObject
  #gone = false
  #closing = false
  #terminated = false
  #hasStarted = false
  #sandbox: Sandbox | undefined
  #held: PodActions['held'] = new Map()
  #failures = 0

  constructor(context: NodeContext, pod: PodObject) {
    this.uid = pod.metadata.uid
    this.#context = context
    this.#pod = pod
    this.#startedAt = context.clock.now()
    this.#alarm = new Alarm(context.clock)
    const hooks = { pod: () => this.#pod, onChange: () => this.#changed() }
    const states = restoreStates(pod, this.#startedAt)
    this.#records = new Map(
      containersOf(pod).map(({ definition: { name } }) => [name, new ContainerRecord(name, context, hooks, states.get(name) ?? absent)]),
    )
    this.#volumes = new PodVolumes({
      folder: join(context.stateDir, 'pods', this.uid),
      claimFolder: (namespace, claim) => context.claimFolder(namespace, claim),
      now: () => context.clock.now(),
    })
    this.#status = new StatusWriter({
      client: context.client,
      clock: context.clock,
      logger: context.logger,
      pod: () => this.#pod,
      compute: () => this.#computeStatus(),
      onWritten: written => this.update(written),
    })
    if (this.#isLeaving()) this.#beginTermination()
    this.done = this.#run()
  }

  get pod(): PodObject {
    return this.#pod
  }

  get podIP(): string | undefined {
    return this.#place().podIPs[0]
  }

  record(container: string): ContainerRecord | undefined {
    return this.#records.get(container)
  }

  /** A newer version of the pod; older ones, which a watch may bring after an answer, are ignored. */
  update(pod: PodObject): void {
    if (pod.metadata.uid !== this.uid || Number(pod.metadata.resourceVersion) < Number(this.#pod.metadata.resourceVersion)) return
    this.#pod = pod
    if (this.#isLeaving()) this.#beginTermination()
    this.#changed()
  }

  /** The pod has vanished from the API: its containers get what is left of their grace period. */
  remove(): void {
    if (this.#gone) return
    this.#gone = true
    this.#beginTermination()
    this.#alarm.ring()
  }

  /** A ConfigMap or Secret of the pod's namespace has changed: what waits for one is tried at once. */
  configChanged(): void {
    for (const record of this.#records.values()) record.retryConfig()
    this.#alarm.ring()
  }

  /** The node ends: containers are stopped within `shutdownGraceMs`, the API is left as it is. */
  async close(): Promise<void> {
    this.#closing = true
    this.#closed.abort()
    this.#beginTermination()
    this.#alarm.ring()
    await this.done
  }

  #isLeaving(): boolean {
    return this.#pod.metadata.deletionTimestamp !== undefined
  }

  #changed(): void {
    this.#status.mark()
    this.#alarm.ring()
  }

  async #run(): Promise<void> {
    while (!this.#stopWork.signal.aborted) {
      const wakeAt = await this.#syncOrRetry()
      if (this.#stopWork.signal.aborted) break
      await this.#alarm.sleep(Math.min(wakeAt ?? Number.POSITIVE_INFINITY, this.#context.clock.now() + resyncMs))
    }
    await this.#terminate()
  }

  /** One pass; resolves with the time of the next one that is due anyway. Never rejects. */
  async #syncOrRetry(): Promise<number | undefined> {
    this.#status.hold()
    try {
      const wakeAt = await this.#sync(this.#stopWork.signal)
      this.#failures = 0
      return wakeAt
    } catch (error) {
      if (this.#stopWork.signal.aborted) return undefined
      this.#failures += 1
      const reason = error instanceof NodeError ? eventReasons[error.code] : 'FailedSync'
      this.#context.events.record(this.#pod, 'Warning', reason, messageOf(error))
      this.#context.logger.debug('pod could not be synced', { ...this.#names(), error: messageOf(error) })
      this.#status.mark()
      return this.#context.clock.now() + retryDelay(this.#failures, podRetry.baseMs, podRetry.maxMs)
    } finally {
      if (isSettled(this.#pod, this.#states())) this.#status.release()
    }
  }

  async #sync(signal: AbortSignal): Promise<number | undefined> {
    if (isTerminal(this.#pod) || this.#terminated) return undefined
    await this.#volumes.sync(this.#projection())
    const sandbox = await this.#ensureSandbox(signal)
    for (;;) {
      signal.throwIfAborted()
      const actions = computePodActions(this.#pod, this.#states(), this.#context.clock.now())
      this.#hold(actions.held)
      if (actions.kill.length > 0) {
        await Promise.all(actions.kill.map(({ name, message }) => this.#kill(name, message, signal)))
      } else if (actions.over) {
        await this.#disposeSandbox()
        this.#terminated = true
        this.#status.mark()
        return undefined
      } else if (actions.start[0] === undefined) {
        return actions.wakeAt
      } else {
        await this.#start(actions.start[0], sandbox, signal)
      }
    }
  }

  async #ensureSandbox(signal: AbortSignal): Promise<Sandbox> {
    if (this.#sandbox !== undefined) return this.#sandbox
    try {
      this.#sandbox = await this.#context.runtime.createSandbox(sandboxSpec(this.#pod), signal)
    } catch (error) {
      signal.throwIfAborted()
      throw new NodeError('SANDBOX', `Failed to create pod sandbox: ${messageOf(error)}`, { cause: error })
    }
    this.#hasStarted = true
    const ignored = ignoredFields(this.#pod)
    if (ignored.length > 0)
      this.#context.events.record(this.#pod, 'Warning', 'FieldsIgnored', `The embedded node does not act on ${ignored.join(', ')}`)
    await this.#warnOfPorts()
    this.#status.mark()
    // The node's ports lead to the pod before it can become ready: whoever sees it ready may connect at once.
    if (hasHostPorts(this.#pod)) await this.#status.flush()
    return this.#sandbox
  }

  /** In a network of its own every port of a pod is free. */
  async #warnOfPorts(): Promise<void> {
    const [podIP] = this.#place().podIPs
    if (podIP === undefined || (this.#context.runtime.isolation !== 'loopback' && this.#pod.spec?.hostNetwork !== true)) return
    for (const trouble of await portTroubles(this.#pod, podIP))
      this.#context.events.record(this.#pod, 'Warning', 'PortUnavailable', trouble)
  }

  async #start(name: string, sandbox: Sandbox, signal: AbortSignal): Promise<void> {
    const record = this.#records.get(name)
    const definition = this.#container(name)?.definition
    if (record === undefined || definition === undefined) return
    const outcome = await launchContainer(
      this.#context,
      record,
      { pod: this.#pod, definition, place: this.#place(), sandbox, volumes: this.#volumes },
      signal,
    )
    if (outcome === 'hook-failed') await this.#kill(name, 'FailedPostStartHook', signal)
  }

  /** Ends one container of a pod that stays, within the pod's grace period. */
  async #kill(name: string, message: string, signal: AbortSignal): Promise<void> {
    const record = this.#records.get(name)
    if (record?.run === undefined) return
    this.#context.events.record(this.#pod, 'Normal', 'Killing', message)
    const graceOver = new AbortController()
    using _timer = this.#context.clock.after(restartGraceSeconds(this.#pod, record) * 1000, () => graceOver.abort())
    const stopped = stopRecord(this.#context, this.#pod, record, AbortSignal.any([graceOver.signal, this.#graceOver.signal]))
    // A termination goes on with this container where the grace period of the pod allows.
    await Promise.race([stopped, rejectWhenAborted(signal)])
  }

  #beginTermination(): void {
    const { clock, shutdownGraceMs } = this.#context
    const { deletionGracePeriodSeconds } = this.#pod.metadata
    const seconds = deletionGracePeriodSeconds ?? this.#pod.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds
    const at = clock.now() + (this.#closing ? Math.min(shutdownGraceMs, seconds * 1000) : seconds * 1000)
    if (this.#graceTimer === undefined || at < this.#graceTimer.at) {
      this.#graceTimer?.timer[Symbol.dispose]()
      this.#graceTimer = { at, timer: clock.after(at - clock.now(), () => this.#graceOver.abort()) }
    }
    this.#stopWork.abort()
  }

  async #terminate(): Promise<void> {
    this.#status.hold()
    const { logger, clock } = this.#context
    try {
      await stopContainers(this.#context, this.#pod, this.#records, this.#graceOver.signal, !this.#closing)
    } catch (error) {
      logger.warn('pod was not stopped cleanly', { ...this.#names(), error: messageOf(error) })
    }
    this.#graceTimer?.timer[Symbol.dispose]()
    this.#terminated = true
    // A pod that this process never started has nothing new to tell.
    if (this.#closing || this.#gone || !this.#hasStarted) await this.#status.abandon()
    else await this.#status.close()
    await this.#disposeSandbox().catch((error: unknown) =>
      logger.warn('pod network was not removed', { ...this.#names(), error: messageOf(error) }),
    )
    if (this.#closing) return
    await removeLeftovers(this.#context, this.#pod, this.#volumes)
    for (let attempt = 1; !this.#gone && !this.#closing; attempt += 1) {
      if (await confirmDeletion(this.#context, this.#pod)) return
      await clock.sleep(retryDelay(attempt, podRetry.baseMs, podRetry.maxMs), this.#closed.signal).catch(() => {})
    }
  }

  async #disposeSandbox(): Promise<void> {
    const sandbox = this.#sandbox
    this.#sandbox = undefined
    await sandbox?.[Symbol.asyncDispose]()
  }

  #hold(held: PodActions['held']): void {
    const { name: pod, namespace, uid } = this.#pod.metadata
    for (const name of held.keys()) {
      if (this.#held.has(name)) continue
      const message = `Back-off restarting failed container ${name} in pod ${pod}_${namespace}(${uid})`
      this.#context.events.record(this.#pod, 'Warning', 'BackOff', message)
    }
    if (held.size > 0 || this.#held.size > 0) this.#status.mark()
    this.#held = held
  }

  #container(name: string): PodContainer | undefined {
    return containersOf(this.#pod).find(container => container.definition.name === name)
  }

  #states(): ContainerStates {
    return new Map([...this.#records].map(([name, record]): [string, ContainerState] => [name, record.state]))
  }

  #place(): PodPlace {
    const { nodeIP } = this.#context
    if (this.#pod.spec?.hostNetwork === true) return { hostIP: nodeIP, podIPs: [nodeIP] }
    return { hostIP: nodeIP, podIPs: this.#sandbox?.podIPs ?? [] }
  }

  #projection(): ProjectionContext {
    const { capacity, config, tokens, apiServer } = this.#context
    const pod = this.#pod
    return {
      pod,
      place: this.#place(),
      capacity,
      config,
      ca: apiServer.ca,
      token: (audience, expirationSeconds) => tokens.token(pod, audience, expirationSeconds),
    }
  }

  #computeStatus(): PodStatus {
    const { podIPs } = this.#place()
    return computePodStatus(this.#pod, this.#states(), {
      now: this.#context.clock.now(),
      hostIP: this.#context.nodeIP,
      podIPs,
      startedAt: this.#startedAt,
      sandboxReady: this.#sandbox !== undefined,
      terminating: this.#terminated,
      held: this.#held,
    })
  }

  #names() {
    const { namespace, name } = this.#pod.metadata
    return { namespace, name }
  }
}

function isTerminal(pod: PodObject): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}
