import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostPlan } from '../../host-plan.ts'
import { BridgeNetwork } from './bridge-network.ts'
import { HostTools, type ToolName } from './host-tools.ts'
import { LoopbackRuntime } from './loopback-runtime.ts'
import { NamespaceRuntime } from './namespace-runtime.ts'
import type { PodNetwork } from './pod-network.ts'
import { loopbackDeviceTool } from './relay/loopback-device.ts'
import { RelayNetwork, type ReachableService } from './relay/relay-network.ts'
import { runTool } from './run-tool.ts'
import type { ContainerRuntime, Isolation } from './runtime.ts'

export interface ContainerRuntimeOptions {
  readonly plan: HostPlan
  /** Folder of this cluster; the runtime uses `runtime/` in it, and empties that at start and end. */
  readonly stateDir: string
  /** Takes nothing stronger than this. Default: the strongest isolation that the host allows. */
  readonly prefer?: Isolation
  /** What pods shall reach outside even where they have no route, such as the API server at its cluster IP. Default: nothing. */
  readonly reachable?: readonly ReachableService[]
  readonly tools?: HostTools
  readonly now?: () => Date
}

const needed: readonly ToolName[] = ['sh', 'env', 'mount', 'chroot', 'cp', 'unshare', 'nsenter', 'setpriv']

/** Does what a container's start does, with nothing in it. */
const trial = `
set -e
mount -n -t tmpfs berth "$1"
cd "$1"
mkdir lower upper work merged
mount -n -t overlay -o "lowerdir=lower:/usr,upperdir=upper,workdir=work$2" overlay merged
chroot / true
`

/**
 * Finds out which isolation this host allows, by trying, and starts the strongest. Never fails for want of a stronger one: `notes` says what
 * was chosen and why.
 */
export async function createContainerRuntime(options: ContainerRuntimeOptions): Promise<ContainerRuntime> {
  const { plan, prefer = 'namespaces', reachable = [] } = options
  const now = options.now ?? (() => new Date())
  const tools = options.tools ?? new HostTools()
  const stateDir = join(options.stateDir, 'runtime')
  await mkdir(stateDir, { recursive: true })
  const notes: string[] = []
  const isRoot = process.getuid?.() === 0

  if (prefer === 'namespaces') {
    const obstacle = isRoot ? await obstacleTo(tools, stateDir, false) : 'this process is not root'
    if (obstacle === undefined) {
      const network = await bridgeOrRelay(options, tools, stateDir, notes)
      notes.unshift('containers run in namespaces of their own (mount, pid, network)')
      return NamespaceRuntime.create({ plan, stateDir, tools, network, userNamespace: false, notes, now })
    }
    notes.push(`no namespaces as root: ${obstacle}`)
  }
  if (prefer !== 'loopback') {
    const obstacle =
      (await obstacleTo(tools, stateDir, true)) ??
      (loopbackDeviceTool(tools) === undefined ? 'the host has neither ip nor perl' : undefined)
    if (obstacle === undefined) {
      const network = await RelayNetwork.create({ stateDir, tools, reachable, userNamespace: true })
      notes.unshift('containers run in user namespaces; pods are reached through relays, and programs cannot become another user than root')
      notes.push(...network.notes)
      return NamespaceRuntime.create({ plan, stateDir, tools, network, userNamespace: true, notes, now })
    }
    notes.push(`no user namespaces: ${obstacle}`)
  }
  notes.unshift(
    'containers are plain processes without isolation: absolute paths of images are mapped as far as possible, servers should bind POD_IP',
  )
  const lowest = await lowestPort(isRoot)
  if (lowest > 0)
    notes.push(`pods share the ports of this host, and this user may not listen below ${lowest}: servers on such ports do not start`)
  return LoopbackRuntime.create({ plan, stateDir, notes, now })
}

/** The first port that this process may listen on; 0 when there is no limit. */
async function lowestPort(isRoot: boolean): Promise<number> {
  if (isRoot) return 0
  const told = await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8').catch(() => '1024')
  return Number.parseInt(told, 10)
}

async function bridgeOrRelay(options: ContainerRuntimeOptions, tools: HostTools, stateDir: string, notes: string[]): Promise<PodNetwork> {
  let obstacle = 'the host has no program ip (package iproute2)'
  if (tools.find('ip') !== undefined) {
    try {
      return await BridgeNetwork.create({ plan: options.plan, tools })
    } catch (error) {
      obstacle = String(error)
    }
  }
  const network = await RelayNetwork.create({ stateDir, tools, reachable: options.reachable ?? [], userNamespace: false })
  notes.push(`pods are reached through relays instead of a bridge: ${obstacle}`, ...network.notes)
  return network
}

/** Why containers cannot be made this way; undefined when they can. */
async function obstacleTo(tools: HostTools, stateDir: string, userNamespace: boolean): Promise<string | undefined> {
  if (process.platform !== 'linux') return `${process.platform} has no namespaces`
  const missing = tools.missing(needed)
  if (missing.length > 0) return `the host has no program ${missing.join(', ')}`
  const folder = await mkdtemp(join(stateDir, 'trial-'))
  try {
    await runTool(tools.require('setpriv'), [
      '--pdeathsig',
      'KILL',
      '--',
      tools.require('unshare'),
      ...(userNamespace ? ['--user', '--map-root-user'] : []),
      '--mount',
      '--net',
      '--uts',
      '--ipc',
      '--pid',
      '--fork',
      '--kill-child',
      '--',
      tools.require('sh'),
      '-c',
      trial,
      'berth-trial',
      folder,
      userNamespace ? ',userxattr' : '',
    ])
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.slice(error.message.lastIndexOf(': ') + 2) : String(error)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
