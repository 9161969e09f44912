import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'smol-toml'
import type { Programs } from './components.ts'
import type { Command } from './control-plane.ts'
import { componentKubeconfig } from './credentials.ts'
import { pauseImage } from './images.ts'
import type { Layout } from './layout.ts'

const path = {
  containerd: (cluster: Layout) => join(cluster.folder, 'containerd.toml'),
  kubelet: (cluster: Layout) => join(cluster.folder, 'kubelet.yaml'),
  proxy: (cluster: Layout) => join(cluster.folder, 'kube-proxy.yaml'),
}

/** The files that containerd, CNI, kubelet and kube-proxy read. */
export async function writeNodeFiles(cluster: Layout): Promise<void> {
  const cni = join(cluster.folder, 'cni')
  await mkdir(cni, { recursive: true })
  await writeFile(
    path.containerd(cluster),
    stringify({
      version: 2,
      root: join(cluster.folder, 'containerd'),
      state: join(cluster.folder, 'containerd-state'),
      grpc: { address: cluster.socket },
      plugins: {
        'io.containerd.grpc.v1.cri': {
          sandbox_image: pauseImage,
          // Where the capability for it is missing, every sandbox would fail otherwise.
          restrict_oom_score_adj: true,
          cni: { bin_dir: '/usr/lib/cni', conf_dir: cni },
          containerd: { runtimes: { runc: { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: false } } } },
        },
      },
    }),
  )
  await writeFile(
    join(cni, '10-berth.conflist'),
    JSON.stringify({
      cniVersion: '1.0.0',
      name: 'berth',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni0',
          isGateway: true,
          ipMasq: false,
          hairpinMode: true,
          ipam: {
            type: 'host-local',
            dataDir: join(cluster.folder, 'cni-addresses'),
            ranges: [[{ subnet: cluster.pods.v4 }], [{ subnet: cluster.pods.v6 }]],
            routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
          },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    }),
  )
  await writeFile(
    path.kubelet(cluster),
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      containerRuntimeEndpoint: `unix://${cluster.socket}`,
      cgroupDriver: 'cgroupfs',
      cgroupRoot: `/${cluster.cgroup}`,
      failSwapOn: false,
      // From 1.35 on a kubelet refuses version 1 unless it is told.
      failCgroupV1: false,
      localStorageCapacityIsolation: false,
      serializeImagePulls: false,
      evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
      imageGCHighThresholdPercent: 100,
      maxPods: 250,
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: join(cluster.folder, 'pki/ca.crt') },
      },
      authorization: { mode: 'Webhook' },
      tlsCertFile: join(cluster.folder, 'pki/kubelet.crt'),
      tlsPrivateKeyFile: join(cluster.folder, 'pki/kubelet.key'),
      nodeStatusUpdateFrequency: '4s',
      nodeLeaseDurationSeconds: 8,
      // Volumes follow their ConfigMaps within seconds, as the default of a minute would outlast every scenario.
      syncFrequency: '5s',
      kubeAPIQPS: 200,
      kubeAPIBurst: 400,
      resolvConf: '',
      // Nobody answers there, but without an address every pod would get a warning.
      clusterDNS: ['10.96.0.10'],
    }),
  )
  await writeFile(
    path.proxy(cluster),
    JSON.stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      clientConnection: { kubeconfig: componentKubeconfig(cluster, 'system:kube-proxy') },
      hostnameOverride: cluster.nodeName,
      clusterCIDR: `${cluster.pods.v4},${cluster.pods.v6}`,
      mode: 'iptables',
      // All pods are on one bridge: without it, the answer of a backend there would bypass the rules that its question went through.
      iptables: { masqueradeAll: true, minSyncPeriod: '0s' },
      conntrack: { maxPerCore: 0, min: 0 },
    }),
  )
}

export const containerd = (cluster: Layout): Command => ({ program: 'containerd', args: ['--config', path.containerd(cluster)] })

export const kubelet = (cluster: Layout, programs: Programs): Command => ({
  program: programs.kubelet,
  args: [
    `--config=${path.kubelet(cluster)}`,
    `--kubeconfig=${componentKubeconfig(cluster, `system:node:${cluster.nodeName}`)}`,
    `--hostname-override=${cluster.nodeName}`,
    `--node-ip=${cluster.node.v4},${cluster.node.v6}`,
    '--v=1',
  ],
})

export const kubeProxy = (cluster: Layout, programs: Programs): Command => ({
  program: programs['kube-proxy'],
  args: [`--config=${path.proxy(cluster)}`],
})
