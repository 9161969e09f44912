import { setTimeout as sleep } from 'node:timers/promises'
import type { HostPlan } from '../../host-plan.ts'
import { directDialer } from './direct-dialer.ts'
import type { HostTools } from './host-tools.ts'
import type { PodNetwork } from './pod-network.ts'
import { runTool } from './run-tool.ts'

/** Links that go this close together are removed together. */
const gatherMs = 10

export interface BridgeNetworkOptions {
  readonly plan: HostPlan
  readonly tools: HostTools
}

/**
 * Pods on a bridge of the host, each by a veth pair. Their addresses are real: the host routes to them, and they to the host.
 * Everything is named after the slot (`berth3`, `berth3v7`), so that what a killed process left behind is found and removed.
 */
export class BridgeNetwork implements PodNetwork {
  readonly dialer = directDialer
  readonly #plan: HostPlan
  readonly #ip: string
  readonly #nsenter: string
  #links = 0
  readonly #leaving = new Set<string>()
  #removal: Promise<void> | undefined

  private constructor({ plan, tools }: BridgeNetworkOptions) {
    this.#plan = plan
    this.#ip = tools.require('ip')
    this.#nsenter = tools.require('nsenter')
  }

  /** Removes what an earlier process left in this slot and makes the bridge. */
  static async create(options: BridgeNetworkOptions): Promise<BridgeNetwork> {
    const network = new BridgeNetwork(options)
    const { bridge, cidr, gateway } = options.plan.podNetwork
    await network.#removeLinks()
    await network.#batch([
      `link add name ${bridge} type bridge`,
      `addr add ${gateway}/${prefix(cidr)} dev ${bridge}`,
      `link set dev ${bridge} up`,
    ])
    return network
  }

  async attach(holderPid: number, podIP: string, signal: AbortSignal): Promise<AsyncDisposable> {
    const { bridge, cidr, gateway } = this.#plan.podNetwork
    const link = `${bridge}v${this.#links++}`
    await this.#batch(
      [`link add name ${link} type veth peer name eth0 netns ${holderPid}`, `link set dev ${link} master ${bridge} up`],
      signal,
    )
    const inPod = [
      'link set dev lo up',
      `addr add ${podIP}/${prefix(cidr)} dev eth0`,
      'link set dev eth0 up',
      `route add default via ${gateway}`,
    ]
    await runTool(this.#nsenter, ['--target', String(holderPid), '--net', '--', this.#ip, '-batch', '-'], { input: lines(inPod), signal })
    return {
      [Symbol.asyncDispose]: () => this.#remove(link),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#removeLinks()
  }

  async #remove(link: string): Promise<void> {
    this.#leaving.add(link)
    this.#removal ??= this.#removeLeaving().finally(() => {
      this.#removal = undefined
    })
    await this.#removal
  }

  /** One program for all links that go at about the same time: to start one for each would hold up everything else in this process. */
  async #removeLeaving(): Promise<void> {
    while (this.#leaving.size > 0) {
      await sleep(gatherMs)
      const links = [...this.#leaving]
      this.#leaving.clear()
      await this.#delete(links)
    }
  }

  async #removeLinks(): Promise<void> {
    const listed = await runTool(this.#ip, ['-oneline', 'link', 'show'])
    const mine = linksOfSlot(listed, this.#plan.podNetwork.bridge)
    if (mine.length > 0) await this.#delete(mine)
  }

  /** A link that has gone with its namespace already is no failure. */
  async #delete(links: readonly string[]): Promise<void> {
    const input = lines(links.map(link => `link delete dev ${link}`))
    await runTool(this.#ip, ['-force', '-batch', '-'], { input }).catch(() => undefined)
  }

  #batch(commands: readonly string[], signal?: AbortSignal): Promise<string> {
    return runTool(this.#ip, ['-batch', '-'], { input: lines(commands), ...(signal && { signal }) })
  }
}

/** The bridge of a slot and its veth links in the output of `ip -oneline link`; never those of another slot. */
export function linksOfSlot(output: string, bridge: string): string[] {
  const names = output.split('\n').flatMap(line => /^\d+: ([^:@]+)[@:]/.exec(line)?.[1] ?? [])
  const veth = new RegExp(`^${bridge}v\\d+$`)
  return names.filter(name => name === bridge || veth.test(name)).toSorted((a, b) => Number(a === bridge) - Number(b === bridge))
}

const prefix = (cidr: string) => cidr.slice(cidr.indexOf('/') + 1)
const lines = (commands: readonly string[]) => `${commands.join('\n')}\n`
