import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Programs } from './components.ts'
import { componentKubeconfig } from './credentials.ts'
import type { Layout } from './layout.ts'

/** How a component is started: its program and arguments. Pure, so that a component can be started again as it was. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
}

const schedulerConfig = (cluster: Layout) => join(cluster.folder, 'scheduler.yaml')

/** The files that the control plane reads beside its credentials. */
export async function writeControlPlaneFiles(cluster: Layout): Promise<void> {
  await mkdir(cluster.folder, { recursive: true })
  await writeFile(
    schedulerConfig(cluster),
    JSON.stringify({
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      leaderElection: { leaderElect: false },
      clientConnection: { kubeconfig: componentKubeconfig(cluster, 'system:kube-scheduler'), qps: 1000, burst: 2000 },
    }),
  )
}

export function etcd(cluster: Layout, programs: Programs): Command {
  return {
    program: programs.etcd,
    args: [
      `--data-dir=${join(cluster.folder, 'etcd')}`,
      '--listen-client-urls=http://127.0.0.1:2379',
      '--advertise-client-urls=http://127.0.0.1:2379',
      '--listen-peer-urls=http://127.0.0.1:2380',
      '--unsafe-no-fsync',
      '--quota-backend-bytes=8589934592',
      '--log-level=warn',
    ],
  }
}

export function apiServer(cluster: Layout, programs: Programs): Command {
  const pki = (name: string) => join(cluster.folder, 'pki', name)
  return {
    program: programs['kube-apiserver'],
    args: [
      '--etcd-servers=http://127.0.0.1:2379',
      '--bind-address=::',
      '--secure-port=6443',
      `--advertise-address=${cluster.node.v4}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--token-auth-file=${pki('tokens.csv')}`,
      '--authorization-mode=Node,RBAC',
      '--allow-privileged=true',
      `--service-cluster-ip-range=${cluster.services.v4},${cluster.services.v6}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki('service-accounts.pub')}`,
      `--service-account-signing-key-file=${pki('service-accounts.key')}`,
      `--requestheader-client-ca-file=${pki('ca.crt')}`,
      '--requestheader-allowed-names=front-proxy',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${pki('front-proxy-client.crt')}`,
      `--proxy-client-key-file=${pki('front-proxy-client.key')}`,
      '--enable-aggregator-routing=true',
      '--kubelet-preferred-address-types=InternalIP',
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      `--kubelet-client-certificate=${pki('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${pki('apiserver-kubelet-client.key')}`,
      '--max-requests-inflight=3000',
      '--max-mutating-requests-inflight=1500',
      '--shutdown-delay-duration=0',
    ],
  }
}

export function controllerManager(cluster: Layout, programs: Programs): Command {
  const pki = (name: string) => join(cluster.folder, 'pki', name)
  return {
    program: programs['kube-controller-manager'],
    args: [
      `--kubeconfig=${componentKubeconfig(cluster, 'system:kube-controller-manager')}`,
      '--leader-elect=false',
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${pki('service-accounts.key')}`,
      `--root-ca-file=${pki('ca.crt')}`,
      `--cluster-signing-cert-file=${pki('ca.crt')}`,
      `--cluster-signing-key-file=${pki('ca.key')}`,
      `--cluster-cidr=${cluster.pods.v4},${cluster.pods.v6}`,
      `--service-cluster-ip-range=${cluster.services.v4},${cluster.services.v6}`,
      '--allocate-node-cidrs=false',
      '--kube-api-qps=500',
      '--kube-api-burst=1000',
      // A node that went quiet is told within a scenario's patience.
      '--node-monitor-period=2s',
      '--node-monitor-grace-period=16s',
    ],
  }
}

export const scheduler = (cluster: Layout, programs: Programs): Command => ({
  program: programs['kube-scheduler'],
  args: [`--config=${schedulerConfig(cluster)}`],
})
