import type { HostPlan } from '../../host-plan.ts'
import { directDialer } from './direct-dialer.ts'
import type { HostTools } from './host-tools.ts'
import type { PodNetwork } from './pod-network.ts'
import { runTool } from './run-tool.ts'

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
      // Usually the link has gone with the pod's namespace already.
      [Symbol.asyncDispose]: async () => {
        await runTool(this.#ip, ['link', 'delete', 'dev', link]).catch(() => undefined)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#removeLinks()
  }

  async #removeLinks(): Promise<void> {
    const listed = await runTool(this.#ip, ['-oneline', 'link', 'show'])
    const mine = linksOfSlot(listed, this.#plan.podNetwork.bridge)
    // -force: a link that vanishes with its namespace meanwhile is no failure.
    if (mine.length > 0)
      await runTool(this.#ip, ['-force', '-batch', '-'], { input: lines(mine.map(link => `link delete dev ${link}`)) }).catch(
        () => undefined,
      )
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
