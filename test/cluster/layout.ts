import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where one cluster keeps what it runs with. */
export const clustersFolder = process.getuid?.() === 0 ? '/var/lib/berth/clusters' : join(homedir(), '.cache/berth/clusters')

/**
 * Names, addresses and paths of one cluster. Each cluster lives in network, mount and process namespaces of its own, so every one may use the
 * same ports; only the addresses that the host reaches it by differ, by its slot.
 */
export interface Layout {
  readonly name: string
  readonly slot: number
  readonly folder: string
  readonly kubeconfig: string
  readonly socket: string
  readonly nodeName: string
  /** The host's end of the cable to the cluster. */
  readonly host: { readonly link: string; readonly v4: string; readonly v6: string }
  /** The cluster's end: the address of API server and node. */
  readonly node: { readonly link: string; readonly v4: string; readonly v6: string }
  readonly pods: { readonly v4: string; readonly v6: string; readonly gateway4: string; readonly gateway6: string }
  readonly services: { readonly v4: string; readonly v6: string }
  readonly cgroup: string
}

/** Cables and pod ranges are numbered 0 to 49. */
export const slots = 50

export function layout(name: string, slot: number): Layout {
  const folder = join(clustersFolder, name)
  const hex = (slot + 1).toString(16)
  return {
    name,
    slot,
    folder,
    kubeconfig: join(folder, 'kubeconfig'),
    socket: join(folder, 'containerd.sock'),
    nodeName: 'berth-node',
    host: { link: `berthc${slot}`, v4: `172.29.${slot}.1`, v6: `fd00:29:${hex}::1` },
    node: { link: 'eth0', v4: `172.29.${slot}.2`, v6: `fd00:29:${hex}::2` },
    pods: {
      v4: `10.${200 + slot}.0.0/16`,
      v6: `fd00:244:${hex}::/64`,
      gateway4: `10.${200 + slot}.0.1`,
      gateway6: `fd00:244:${hex}::1`,
    },
    services: { v4: '10.96.0.0/16', v6: 'fd00:10:96::/112' },
    cgroup: `berth-${name}`,
  }
}
