import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Programs } from './components.ts'
import type { Command } from './control-plane.ts'
import { componentKubeconfig } from './credentials.ts'
import type { Layout } from './layout.ts'

const fake = { key: 'kwok.x-k8s.io/node', value: 'fake' }
const path = (cluster: Layout) => join(cluster.folder, 'kwok.yaml')

/** Nodes that only claim to run pods, as large as those that the peers were measured on. */
export const fakeNodes = (count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `fake-${index}`,
      annotations: { [fake.key]: fake.value },
      labels: { type: 'kwok', 'kubernetes.io/hostname': `fake-${index}`, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
  }))

/** What a fake node reports; `kubectl apply` of a node drops its status, so it is patched there. */
export function fakeNodeStatus(index: number): object {
  const resources = { cpu: '512', memory: '1Ti', pods: '1000' }
  return {
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [{ type: 'InternalIP', address: `172.30.${index >> 8}.${index & 255}` }],
    },
  }
}

const stage = (
  name: string,
  kind: string,
  when: [string, 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', string[]?][],
  next: object,
  more = {},
) => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name },
  spec: {
    resourceRef: { apiGroup: kind === 'Lease' ? 'coordination.k8s.io/v1' : 'v1', kind },
    selector: {
      matchExpressions: when.map(([key, operator, values]) => ({ key, operator, ...(values === undefined ? {} : { values }) })),
    },
    next,
    ...more,
  },
})

const conditions = (types: string, fields: string) => `
conditions:
${types}
- type: {{ . }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
${fields}
{{ end }}`

const containerStatuses = (restarts: string) => `
containerStatuses:
{{ range $index, $container := .spec.containers }}
- name: {{ $container.name | Quote }}
  image: {{ $container.image | Quote }}
  imageID: {{ $container.image | Quote }}
  containerID: {{ printf "fake://%s/%s/%s" $pod.metadata.uid $container.name $container.image | Quote }}
  ready: true
  started: true
  restartCount: ${restarts}
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}`

const podReady = `
{{ $now := Now }}
{{ $pod := . }}
phase: Running
startTime: {{ $now | Quote }}
{{ with PodIPsWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
${conditions('{{ range (list "Initialized" "ContainersReady" "Ready") }}', '')}
{{ range .spec.readinessGates }}
- type: {{ .conditionType | Quote }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
${containerStatuses('0')}`

const imagesChanged = `
{{ $now := Now }}
{{ $pod := . }}
${containerStatuses('{{ $old := index $pod.status.containerStatuses $index }}{{ if eq $old.image $container.image }}{{ $old.restartCount }}{{ else }}{{ add 1 $old.restartCount }}{{ end }}')}`

const alive: ['.metadata.deletionTimestamp', 'DoesNotExist'] = ['.metadata.deletionTimestamp', 'DoesNotExist']

/**
 * How fake pods and nodes live: a pod becomes Running and Ready, with all its readiness gates, by one status write as soon as it has a node;
 * a container whose image changes is restarted; a deleted pod is gone at once.
 */
export async function writeFakeNodeFiles(cluster: Layout): Promise<void> {
  const images = (where: string) => `[${where}[] | .image] | join(" ")`
  const stages = [
    stage('node-ready', 'Node', [['.status.conditions.[] | select( .type == "Ready" ) | .status', 'NotIn', ['True']]], {
      statusTemplate: `
{{ $now := Now }}
conditions:
- type: Ready
  status: "True"
  reason: KubeletReady
  message: a fake node is always ready
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
`,
    }),
    stage('pod-ready', 'Pod', [alive, ['.status.phase', 'In', ['Pending']], ['.spec.nodeName', 'Exists']], { statusTemplate: podReady }),
    stage(
      'pod-images-changed',
      'Pod',
      [
        alive,
        ['.status.phase', 'In', ['Running']],
        [`(${images('.spec.containers')}) == (${images('.status.containerStatuses')})`, 'In', ['false']],
      ],
      { statusTemplate: imagesChanged },
    ),
    stage('pod-gone', 'Pod', [['.metadata.deletionTimestamp', 'Exists']], { delete: true }),
  ]
  await writeFile(path(cluster), stages.map(document => `---\n${JSON.stringify(document)}\n`).join(''))
}

export const kwok = (cluster: Layout, programs: Programs): Command => ({
  program: programs.kwok,
  args: [
    `--config=${path(cluster)}`,
    `--kubeconfig=${componentKubeconfig(cluster, 'kwok')}`,
    `--manage-nodes-with-annotation-selector=${fake.key}=${fake.value}`,
    '--cidr=10.190.0.0/16',
    '--node-lease-duration-seconds=40',
    '--server-address=127.0.0.1:10247',
    // One node answers for all: nothing connects to a fake node.
    '--node-ip=172.30.0.1',
  ],
})
