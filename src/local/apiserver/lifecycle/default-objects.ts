import { isAlreadyExists } from '../../../kube/api-error.ts'
import type { Draft } from '../registry.ts'
import type { ResourceTable } from '../resources/resource-table.ts'
import type { ObjectWriter } from '../rest/object-writer.ts'
import type { WriteContext } from '../rest/write-context.ts'

type Manifest = Record<string, unknown> & {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
}

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

/** What every cluster has from its first moment. */
function defaultObjects(apiServerIp: string, port: number): Manifest[] {
  const rbac = 'rbac.authorization.k8s.io/v1'
  const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
  const everything = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ]
  const reading = ['get', 'list', 'watch']
  const writing = [...reading, 'create', 'update', 'patch', 'delete', 'deletecollection']
  const aggregated = (name: string, verbs: readonly string[]): Manifest => ({
    apiVersion: rbac,
    kind: 'ClusterRole',
    metadata: { name, labels },
    rules: [
      {
        apiGroups: ['', 'apps', 'batch', 'autoscaling', 'networking.k8s.io', 'policy', 'discovery.k8s.io', 'events.k8s.io'],
        resources: ['*'],
        verbs,
      },
    ],
  })
  return [
    ...namespaces.map(name => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    { apiVersion: rbac, kind: 'ClusterRole', metadata: { name: 'cluster-admin', labels }, rules: everything },
    aggregated('admin', writing),
    aggregated('edit', writing),
    aggregated('view', reading),
    {
      apiVersion: rbac,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'cluster-admin', labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:masters' }],
    },
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'system-cluster-critical' }, value: 2_000_000_000 },
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'system-node-critical' }, value: 2_000_001_000 },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: { type: 'ClusterIP', clusterIP: apiServerIp, ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }] },
    },
  ]
}

/** Creates what is missing of the default objects. */
export async function createDefaultObjects(
  writer: ObjectWriter,
  resources: ResourceTable,
  context: WriteContext,
  apiServerIp: string,
): Promise<void> {
  for (const manifest of defaultObjects(apiServerIp, 6443)) {
    const resource = resources.ofKind(manifest.apiVersion, manifest.kind)
    if (resource === undefined) continue
    try {
      await writer.create(resource, manifest.metadata.namespace ?? '', manifest as unknown as Draft, context)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }
}
