import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, mkdir, rm, type FileHandle } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { dialError } from '../dial-error.ts'
import { directDialer } from '../direct-dialer.ts'
import type { HostTools } from '../host-tools.ts'
import type { PodNetwork } from '../pod-network.ts'
import type { PodDialer, UdpFlow } from '../runtime.ts'
import { startReport } from '../start-report.ts'
import { loopbackDeviceTool, setUpLoopback } from './loopback-device.ts'
import { frame, Frames, readLine, splice } from './relay-wire.mjs'

const relayProgram = new URL('relay-main.mjs', import.meta.url).pathname

/** A service outside that pods reach at an address of their own namespace. */
export interface ReachableService {
  /** What pods connect to. */
  readonly ip: string
  readonly port: number
  /** Where it really is; asked at each connection. */
  readonly target: () => { readonly host: string; readonly port: number }
}

export interface RelayNetworkOptions {
  readonly stateDir: string
  readonly tools: HostTools
  readonly reachable: readonly ReachableService[]
  readonly userNamespace: boolean
}

/**
 * Pods in network namespaces that nothing connects to the host's network: a small process in each passes on connections over Unix sockets.
 * Needs no rights. Pods reach themselves and the services in `reachable`, nothing else.
 */
export class RelayNetwork implements PodNetwork {
  readonly notes: readonly string[]
  readonly dialer: PodDialer
  readonly #options: RelayNetworkOptions
  readonly #folder: FileHandle
  readonly #egress: Server
  readonly #relays = new Map<string, string>()
  #count = 0

  private constructor(options: RelayNetworkOptions, folder: FileHandle) {
    this.#options = options
    this.#folder = folder
    this.#egress = createServer({ allowHalfOpen: true }, socket => this.#carryOut(socket))
    this.dialer = { dialTcp: this.#dialTcp.bind(this), openUdp: this.#openUdp.bind(this) }
    const names = options.reachable.map(({ ip, port }) => `${ip}:${port}`)
    this.notes = [`pods cannot open connections to each other or to the outside${names.length > 0 ? `, but to ${names.join(', ')}` : ''}`]
  }

  /** @throws Error when the host cannot set up a loopback device in a namespace. */
  static async create(options: RelayNetworkOptions): Promise<RelayNetwork> {
    if (loopbackDeviceTool(options.tools) === undefined) throw new Error('the host has neither ip nor perl')
    const path = join(options.stateDir, 'relay')
    await rm(path, { recursive: true, force: true })
    await mkdir(path, { recursive: true })
    const network = new RelayNetwork(options, await open(path, 'r'))
    network.#egress.listen({ path: network.#socketPath('out') })
    await once(network.#egress, 'listening')
    return network
  }

  async attach(holderPid: number, podIP: string, signal: AbortSignal): Promise<AsyncDisposable> {
    const { tools, userNamespace, reachable, stateDir } = this.#options
    const enter: [string, ...string[]] = [tools.require('nsenter'), '--target', String(holderPid), '--net']
    if (userNamespace) enter.push('--user', '--preserve-credentials')
    enter.push('--')
    await setUpLoopback(tools, enter, [podIP, ...new Set(reachable.map(service => service.ip))], signal)
    const name = `pod${this.#count++}`
    const services = reachable.map(({ ip, port }) => `${ip}:${port}`)
    // Small heaps: the relay only copies bytes, and there is one for each pod.
    const node = [process.execPath, '--max-semi-space-size=1', '--max-old-space-size=64', relayProgram]
    const child = spawn(tools.require('setpriv'), ['--pdeathsig', 'KILL', '--', ...enter, ...node, name, 'out', podIP, ...services], {
      // Relative socket paths, since absolute ones may be longer than the 107 bytes the kernel takes.
      cwd: join(stateDir, 'relay'),
      detached: true,
      env: {},
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    await startReport(child, 'CreatePodSandboxError', { signal })
    child.stderr?.resume()
    this.#relays.set(podIP, name)
    return {
      [Symbol.asyncDispose]: async () => {
        this.#relays.delete(podIP)
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL')
          await once(child, 'exit')
        }
        await rm(join(stateDir, 'relay', name), { force: true })
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#egress.close()
    await this.#folder.close()
    await rm(join(this.#options.stateDir, 'relay'), { recursive: true, force: true })
  }

  async #dialTcp(podIP: string, port: number, signal?: AbortSignal): Promise<Socket | Awaited<ReturnType<PodDialer['dialTcp']>>> {
    const relay = this.#relays.get(podIP)
    if (relay === undefined) return directDialer.dialTcp(podIP, port, signal)
    const socket = connect({ path: this.#socketPath(relay), allowHalfOpen: true })
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    const abort = () => reject(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    socket.once('error', reject)
    socket.once('close', () => reject(dialError('ECONNRESET', podIP, port)))
    socket.write(`tcp ${port}\n`)
    readLine(socket, line => (line === 'ok' ? resolve(socket) : reject(dialError(line.replace('error ', ''), podIP, port))))
    try {
      signal?.throwIfAborted()
      return await promise
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
      socket.off('error', reject)
    }
  }

  async #openUdp(podIP: string, port: number, onMessage: (data: Uint8Array) => void): Promise<UdpFlow> {
    const relay = this.#relays.get(podIP)
    if (relay === undefined) return directDialer.openUdp(podIP, port, onMessage)
    const socket = connect({ path: this.#socketPath(relay) })
    await once(socket, 'connect')
    socket.on('error', () => socket.destroy())
    socket.write(`udp ${port}\n`)
    const frames = new Frames(onMessage)
    socket.on('data', data => frames.push(data))
    return { send: data => void socket.write(frame(data)), close: () => socket.destroy() }
  }

  #carryOut(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    readLine(socket, line => {
      const service = this.#options.reachable.find(({ ip, port }) => line === `${ip} ${port}`)
      if (service === undefined) socket.destroy()
      else splice(socket, connect({ ...service.target(), noDelay: true, allowHalfOpen: true }))
    })
  }

  #socketPath(name: string): string {
    return `/proc/self/fd/${this.#folder.fd}/${name}`
  }
}
