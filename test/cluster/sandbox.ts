import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../harness/eventually.ts'
import { must, run } from '../harness/run.ts'
import type { Layout } from './layout.ts'

/**
 * The namespaces that a cluster lives in: network (its bridge, rules and ports), mount (its overlays) and process. When the first process of
 * the process namespace ends, the kernel ends all others and takes the mounts, rules and interfaces along: nothing can be left behind.
 */
export interface Sandbox {
  /** The namespaces' first process, as the host numbers it. */
  readonly pid: number
}

/** Folders with fixed paths that containerd, CNI and the kubelet insist on; each cluster sees its own. */
const ownFolders = ['/run/netns', '/run/containerd', '/var/lib/cni', '/var/lib/kubelet', '/var/log/pods', '/var/log/containers']

const childOf = (pid: number): number | undefined => {
  try {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]
    return child === undefined || child === '' ? undefined : Number(child)
  } catch {
    return undefined
  }
}

/** Whether this process lives: one that has ended and was not yet reaped does not. */
export function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}

export async function openSandbox(cluster: Layout, pause: string): Promise<Sandbox> {
  const script = [
    'set -e',
    'mount --make-rshared /',
    ...ownFolders.flatMap(path => {
      const own = join(cluster.folder, 'root', path)
      return [`mkdir -p ${path} ${own}`, `mount --bind ${own} ${path}`, `mount --make-shared ${path}`]
    }),
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
    'ip link set lo up',
    `touch ${join(cluster.folder, 'open')}`,
    `exec ${pause}`,
  ].join('\n')
  await mkdir(cluster.folder, { recursive: true })
  const log = openSync(join(cluster.folder, 'sandbox.log'), 'a')
  const holder = spawn(
    'unshare',
    ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL', '--propagation', 'private', 'sh', '-c', script],
    { detached: true, stdio: ['ignore', log, log] },
  )
  holder.unref()
  const { pid: outer } = holder
  if (outer === undefined) throw new Error('unshare could not be started')
  await eventually('the namespaces are there', () => {
    if (!alive(outer)) throw new Error(`the namespaces could not be made: ${readFileSync(join(cluster.folder, 'sandbox.log'), 'utf8')}`)
    return existsSync(join(cluster.folder, 'open')) && childOf(outer) !== undefined
  })
  const pid = childOf(outer)
  if (pid === undefined) throw new Error('the first process of the namespaces ended at once')
  const { host, node, pods } = cluster
  const ip = async (text: string) => must(await run('ip', text.split(' ')), `ip ${text}`)
  await ip(`link add ${host.link} type veth peer name ${node.link} netns ${pid}`)
  await ip(`addr add ${host.v4}/30 dev ${host.link}`)
  await ip(`addr add ${host.v6}/64 dev ${host.link} nodad`)
  await ip(`link set ${host.link} up`)
  const inside = async (text: string) => must(await run('nsenter', ['-t', String(pid), '-n', 'ip', ...text.split(' ')]), `ip ${text}`)
  await inside(`addr add ${node.v4}/30 dev ${node.link}`)
  await inside(`addr add ${node.v6}/64 dev ${node.link} nodad`)
  await inside(`link set ${node.link} up`)
  await inside(`route add default via ${host.v4}`)
  await inside(`-6 route add default via ${host.v6}`)
  await ip(`route add ${pods.v4} via ${node.v4}`)
  await ip(`-6 route add ${pods.v6} via ${node.v6}`)
  return { pid }
}

/** Starts a program inside; gives its pid as the host numbers it. Its output goes to `<name>.log` in the cluster's folder. */
export async function startInside(
  cluster: Layout,
  sandbox: Sandbox,
  name: string,
  program: string,
  args: readonly string[],
): Promise<number> {
  const log = openSync(join(cluster.folder, `${name}.log`), 'a')
  const entered = spawn('nsenter', ['-t', String(sandbox.pid), '--net', '--mount', '--pid', '--', program, ...args], {
    cwd: cluster.folder,
    detached: true,
    stdio: ['ignore', log, log],
  })
  entered.unref()
  const { pid: outer } = entered
  if (outer === undefined) throw new Error('nsenter could not be started')
  let pid: number | undefined
  await eventually(`${name} is started`, () => {
    pid = childOf(outer)
    return pid !== undefined || !alive(outer)
  })
  if (pid === undefined) throw new Error(`${name} ended at once: ${readFileSync(join(cluster.folder, `${name}.log`), 'utf8').slice(-2000)}`)
  await writeFile(join(cluster.folder, `${name}.pid`), `${pid}\n`)
  return pid
}

/** Ends everything inside at once. */
export async function closeSandbox(cluster: Layout, sandbox: Sandbox): Promise<void> {
  if (alive(sandbox.pid)) process.kill(sandbox.pid, 'SIGKILL')
  await eventually('the processes of the cluster are gone', () => !alive(sandbox.pid))
  await run('ip', ['link', 'del', cluster.host.link])
  await removeCgroups(cluster)
}

const hierarchies = async (): Promise<string[]> => {
  const root = '/sys/fs/cgroup'
  if (existsSync(join(root, 'cgroup.controllers'))) return [root]
  const entries = await readdir(root, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(entry => join(root, entry.name))
}

/** The control group below which the kubelet keeps the pods, in every hierarchy. */
export async function makeCgroups(cluster: Layout): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    await mkdir(join(hierarchy, cluster.cgroup), { recursive: true })
    const controllers = join(hierarchy, 'cgroup.controllers')
    if (!existsSync(controllers)) continue
    const all = readFileSync(controllers, 'utf8').trim().split(' ')
    await writeFile(join(hierarchy, 'cgroup.subtree_control'), all.map(name => `+${name}`).join(' '))
    await writeFile(join(hierarchy, cluster.cgroup, 'cgroup.subtree_control'), all.map(name => `+${name}`).join(' '))
  }
}

async function removeCgroups(cluster: Layout): Promise<void> {
  const remove = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) if (entry.isDirectory()) await remove(join(folder, entry.name))
    await eventually(`${folder} is empty`, () =>
      rmdir(folder).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
      ),
    )
  }
  for (const hierarchy of await hierarchies()) await remove(join(hierarchy, cluster.cgroup))
}
