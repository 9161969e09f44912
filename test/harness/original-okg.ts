// What a cluster with OpenKruiseGame, OpenKruise and Agones has, as far as others can see: their kinds and objects, made by hand.
import type { TestCluster } from './cluster.ts'
import { gameServerSet, type SetSpec } from './okg.ts'

const openKind = (group: string, version: string, kind: string, plural: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
})

/** The kinds of OpenKruise and Agones that matter here. */
export const foreignKinds = [
  openKind('apps.kruise.io', 'v1beta1', 'StatefulSet', 'statefulsets'),
  openKind('agones.dev', 'v1', 'GameServer', 'gameservers'),
  openKind('agones.dev', 'v1', 'Fleet', 'fleets'),
]

/** The manager's Deployment, as the chart names it. Nothing of it runs. */
export const managerDeployment = (replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'kruise-game-controller-manager', namespace: 'kruise-game-system' },
  spec: {
    replicas,
    selector: { matchLabels: { control: 'manager' } },
    template: {
      metadata: { labels: { control: 'manager' } },
      spec: { containers: [{ name: 'manager', image: 'registry.example.com/kruise-game-manager:v1.0.0' }] },
    },
  },
})

export const namespaceOf = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

interface Made {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly uid: string }
}

const ownedBy = ({ apiVersion, kind, metadata: { name, uid } }: Made) => [
  { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true },
]

/** Creates an object and gives it as stored. */
export async function make(cluster: TestCluster, object: object): Promise<Made> {
  return JSON.parse(await cluster.k(['create', '-o', 'json', '-f', '-'], JSON.stringify(object))) as Made
}

/** A GameServerSet with everything OpenKruiseGame and OpenKruise make of it, settled and ready. */
export async function setRunByKruise(cluster: TestCluster, namespace: string, spec: SetSpec): Promise<void> {
  const { name, replicas, image = 'registry.example.com/demo/game:v1' } = spec
  const revision = `${name}-5c7b9d`
  const labels = { app: name, 'game.kruise.io/owner-gss': name }
  const podSpec = { containers: [{ name: 'game', image }], readinessGates: [{ conditionType: 'InPlaceUpdateReady' }] }
  const manifest = gameServerSet({ ...spec, image }) as { metadata: object }
  const set = await make(cluster, { ...manifest, metadata: { name, namespace, annotations: { 'game.kruise.io/reserve-ids': '' } } })
  const workload = await make(cluster, {
    apiVersion: 'apps.kruise.io/v1beta1',
    kind: 'StatefulSet',
    metadata: { name, namespace, ownerReferences: ownedBy(set), annotations: { 'game.kruise.io/asts-hash': '1234' } },
    spec: {
      replicas,
      selector: { matchLabels: { 'game.kruise.io/owner-gss': name } },
      // With defaults, as OpenKruise stores it.
      template: { metadata: { labels }, spec: { ...podSpec, restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' } },
    },
  })
  await patchStatus(cluster, namespace, `statefulsets.apps.kruise.io/${name}`, 'merge', {
    observedGeneration: 1,
    replicas,
    updatedReplicas: replicas,
    currentRevision: revision,
    updateRevision: revision,
  })
  await make(cluster, {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name: revision, namespace, labels, ownerReferences: ownedBy(workload) },
    revision: 1,
    data: { spec: { template: { metadata: { labels }, spec: podSpec } } },
  })
  for (let id = 0; id < replicas; id += 1) {
    const server = `${name}-${id}`
    const pod = await make(cluster, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: server,
        namespace,
        ownerReferences: ownedBy(workload),
        labels: {
          ...labels,
          'controller-revision-hash': revision,
          'statefulset.kubernetes.io/pod-name': server,
          'apps.kubernetes.io/pod-index': String(id),
          'game.kruise.io/gs-state': 'Ready',
          'game.kruise.io/gs-opsState': 'None',
          'game.kruise.io/gs-update-priority': '0',
          'game.kruise.io/gs-delete-priority': '0',
          'game.kruise.io/network-disabled': 'false',
          'lifecycle.apps.kruise.io/state': 'Normal',
        },
      },
      spec: { ...podSpec, hostname: server, subdomain: name },
    })
    const now = new Date().toISOString()
    await patchStatus(cluster, namespace, `pod/${server}`, 'strategic', {
      conditions: [{ type: 'InPlaceUpdateReady', status: 'True', lastTransitionTime: now.replace(/\.\d+/, '') }],
    })
    await make(cluster, {
      apiVersion: 'game.kruise.io/v1alpha1',
      kind: 'GameServer',
      metadata: { name: server, namespace, labels, ownerReferences: ownedBy(pod) },
      spec: { opsState: 'None', updatePriority: 0, deletionPriority: 0, networkDisabled: false },
    })
  }
  // A server on its way out, its pod gone already: OpenKruiseGame's manager will delete it.
  await make(cluster, {
    apiVersion: 'game.kruise.io/v1alpha1',
    kind: 'GameServer',
    metadata: {
      name: `${name}-${replicas}`,
      namespace,
      labels: { ...labels, 'game.kruise.io/gs-deleting': 'true' },
      ownerReferences: ownedBy(set),
    },
    spec: {},
  })
}

/** A GameServer of Agones with its pod. */
export async function agonesServer(cluster: TestCluster, namespace: string, name: string): Promise<void> {
  const server = await make(cluster, {
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata: { name, namespace },
    spec: { ports: [{ containerPort: 7654 }] },
  })
  await make(cluster, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { 'agones.dev/role': 'gameserver' }, ownerReferences: ownedBy(server) },
    spec: { containers: [{ name: 'game', image: 'registry.example.com/demo/game:v1', ports: [{ containerPort: 7654, hostPort: 7000 }] }] },
  })
}

function patchStatus(cluster: TestCluster, namespace: string, object: string, type: string, status: object): Promise<string> {
  return cluster.k(['patch', '-n', namespace, object, `--type=${type}`, '--subresource=status', '-p', JSON.stringify({ status })])
}
