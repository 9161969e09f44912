import { PassThrough, type Duplex } from 'node:stream'
import type { Clock } from '../../kube/clock.ts'
import { readLog } from './logs/log-reader.ts'
import { messageOf } from './node-error.ts'
import { containersOf, type PodObject } from './pods/container-state.ts'
import { dialPod, shownID, type ContainerRecord } from './pods/container-record.ts'
import { logPath } from './pods/log-files.ts'
import type { ContainerRuntime, ExecSession } from './runtime/runtime.ts'
import type { ContainerRef, NodeStreams, StreamRefusal } from './streams.ts'

/** A pod on this node, as streams need it. */
export interface StreamedPod {
  readonly pod: PodObject
  readonly podIP: string | undefined
  record(container: string): ContainerRecord | undefined
}

export interface NodeStreamsOptions {
  readonly runtime: ContainerRuntime
  readonly clock: Clock
  readonly stateDir: string
  readonly find: (namespace: string, pod: string) => StreamedPod | undefined
}

const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container'

/** Logs, exec, attach and port-forward for the pods of one node. */
export function createNodeStreams({ runtime, clock, stateDir, find }: NodeStreamsOptions): NodeStreams {
  function locate(ref: ContainerRef): { pod: StreamedPod; name: string; record: ContainerRecord } | StreamRefusal {
    const pod = find(ref.namespace, ref.pod)
    if (pod === undefined) return refuse(404, `pod "${ref.pod}" is not on this node`)
    const name = ref.container ?? defaultContainer(pod.pod)
    const record = name === undefined ? undefined : pod.record(name)
    if (name === undefined || record === undefined) return refuse(400, `container ${ref.container ?? ''} is not valid for pod ${ref.pod}`)
    return { pod, name, record }
  }

  function running(ref: ContainerRef) {
    const found = locate(ref)
    if ('refused' in found) return found
    const { run } = found.record
    return run === undefined
      ? refuse(400, `container not found ("${found.name}"): it is not running`)
      : { ...found, container: run.container }
  }

  return {
    async logs(ref, query, signal) {
      const found = locate(ref)
      if ('refused' in found) return found
      const { record, name, pod } = found
      const { phase, restarts, imageID, obstacle } = record.state
      if (query.previous && restarts === 0) return refuse(400, `previous terminated container "${name}" in pod "${ref.pod}" not found`)
      if (imageID === undefined) {
        const reason = obstacle?.message ?? obstacle?.reason ?? 'ContainerCreating'
        return refuse(400, `container "${name}" in pod "${ref.pod}" is waiting to start: ${reason}`)
      }
      const attempt = query.previous ? restarts - 1 : restarts
      const isOpen = (): boolean =>
        !query.previous && phase.at === 'running' && record.run !== undefined && shownID(record.run.container) === phase.containerID
      return readLog({ path: logPath(stateDir, pod.pod, name, attempt), isOpen }, query, clock, signal)
    },

    async exec(ref, { command, stdin, tty }, signal) {
      const found = running(ref)
      if ('refused' in found) return found
      try {
        const session = await found.container.exec(command, { stdin, tty })
        signal.addEventListener('abort', () => session.kill(), { once: true })
        return session
      } catch (error) {
        return refuse(500, messageOf(error))
      }
    },

    async attach(ref, _options, signal) {
      const found = running(ref)
      if ('refused' in found) return found
      const { record, name, pod, container } = found
      return attachToLog(
        readLog(
          { path: logPath(stateDir, pod.pod, name, record.state.restarts), isOpen: () => record.run?.container === container },
          { follow: true, previous: false, timestamps: false, tailLines: 0 },
          clock,
          signal,
        ),
        container.exited,
      )
    },

    async portForward(ref, port, signal): Promise<Duplex | StreamRefusal> {
      const pod = find(ref.namespace, ref.pod)
      if (pod?.podIP === undefined) return refuse(404, `pod "${ref.pod}" has no address on this node`)
      try {
        return await dialPod(runtime.dialer, pod.podIP, pod.pod.spec?.hostNetwork === true)(pod.podIP, port, signal)
      } catch (error) {
        return refuse(500, `connecting to port ${port} of pod ${ref.pod}: ${messageOf(error)}`)
      }
    },
  }
}

/** The container that a request without a name means: the annotated one, otherwise the first. */
export function defaultContainer(pod: PodObject): string | undefined {
  const annotated = pod.metadata.annotations?.[defaultContainerAnnotation]
  if (annotated !== undefined && containersOf(pod).some(({ definition }) => definition.name === annotated)) return annotated
  return pod.spec?.containers[0]?.name
}

/** Attaching shows what the process writes from now on; its standard input stays closed. */
function attachToLog(log: AsyncIterable<Uint8Array>, exit: ExecSession['exit']): ExecSession {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  stderr.end()
  void (async () => {
    for await (const chunk of log) stdout.write(chunk)
    stdout.end()
  })().catch((error: unknown) => stdout.destroy(error instanceof Error ? error : undefined))
  return { stdout, stderr, exit, kill: () => stdout.end() }
}

function refuse(status: StreamRefusal['status'], message: string): StreamRefusal {
  return { refused: true, status, message }
}
