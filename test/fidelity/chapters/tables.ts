import { type Chapter, create, get, type Step, strategic } from '../step.ts'

const core = '/api/v1/namespaces/{ns}'
const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const container = { name: 'game', image: 'game:1' }
const shown = (name: string, path: string): Step => get(name, `${path}?includeObject=None`, { accept })
const columns = (path: string): Step =>
  get(`columns of ${path}`, path.startsWith('/') ? `${path}?limit=1` : `/apis/${path}?limit=1`, { accept, only: ['columnDefinitions'] })
const made = (name: string, path: string, body: unknown): Step => create(name, path, body, { silent: true })
const apps = '/apis/apps/v1/namespaces/{ns}'

export const tables: Chapter = {
  name: 'tables',
  about: 'what `kubectl get` shows: columns and cells',
  shared: true,
  steps: [
    made('pod', `${core}/pods`, {
      metadata: { name: 'p' },
      spec: { schedulerName: 'nobody', readinessGates: [{ conditionType: 'x' }], containers: [container, { name: 'b', image: 'b' }] },
    }),
    shown('a pending pod', `${core}/pods/p`),
    made('pod q', `${core}/pods`, {
      metadata: { name: 'q' },
      spec: { schedulerName: 'nobody', initContainers: [{ name: 'i', image: 'i' }], containers: [container] },
    }),
    {
      ...strategic('q runs', `${core}/pods/q/status`, {
        status: {
          phase: 'Running',
          podIP: '10.0.0.1',
          podIPs: [{ ip: '10.0.0.1' }],
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [
            {
              name: 'game',
              image: 'game:1',
              imageID: '',
              ready: true,
              restartCount: 3,
              state: { running: { startedAt: '2020-01-01T00:00:00Z' } },
            },
          ],
        },
      }),
      silent: true,
    },
    shown('a running pod', `${core}/pods/q`),
    {
      ...strategic('q waits', `${core}/pods/q/status`, {
        status: {
          phase: 'Pending',
          conditions: [{ type: 'Ready', status: 'False' }],
          containerStatuses: [
            {
              name: 'game',
              image: 'game:1',
              imageID: '',
              ready: false,
              restartCount: 3,
              state: { waiting: { reason: 'ImagePullBackOff' } },
            },
          ],
        },
      }),
      silent: true,
    },
    shown('a waiting pod', `${core}/pods/q`),
    {
      ...strategic('q failed', `${core}/pods/q/status`, {
        status: {
          phase: 'Failed',
          reason: 'Evicted',
          containerStatuses: [
            {
              name: 'game',
              image: 'game:1',
              imageID: '',
              ready: false,
              restartCount: 3,
              state: { terminated: { exitCode: 137, signal: 9 } },
            },
          ],
        },
      }),
      silent: true,
    },
    shown('a failed pod', `${core}/pods/q`),
    made('map', `${core}/configmaps`, { metadata: { name: 'm' }, data: { a: '1', b: '2' } }),
    shown('a map', `${core}/configmaps/m`),
    made('secret', `${core}/secrets`, { metadata: { name: 's' }, stringData: { a: '1' } }),
    shown('a secret', `${core}/secrets/s`),
    made('service', `${core}/services`, {
      metadata: { name: 's' },
      spec: {
        clusterIP: 'None',
        selector: { a: 'b', c: 'd' },
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 53, protocol: 'UDP' },
        ],
      },
    }),
    shown('a headless service', `${core}/services/s`),
    made('external', `${core}/services`, { metadata: { name: 'e' }, spec: { type: 'ExternalName', externalName: 'example.com' } }),
    shown('an external service', `${core}/services/e`),
    made('lb', `${core}/services`, {
      metadata: { name: 'lb' },
      spec: { type: 'LoadBalancer', loadBalancerClass: 'example.com/lb', ports: [{ port: 80 }], externalIPs: ['192.0.2.1'] },
    }),
    shown('a load balancer', `${core}/services/lb`),
    made('deployment', `${apps}/deployments`, {
      metadata: { name: 'd' },
      spec: {
        replicas: 0,
        paused: true,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container, { name: 'b', image: 'b' }] } },
      },
    }),
    shown('a deployment', `${apps}/deployments/d`),
    made('stateful set', `${apps}/statefulsets`, {
      metadata: { name: 's' },
      spec: {
        replicas: 0,
        serviceName: 's',
        selector: { matchLabels: { a: 'c' } },
        template: { metadata: { labels: { a: 'c' } }, spec: { containers: [container] } },
      },
    }),
    shown('a stateful set', `${apps}/statefulsets/s`),
    made('budget', '/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets', {
      metadata: { name: 'p' },
      spec: { maxUnavailable: '50%', selector: {} },
    }),
    made('lease', '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases', { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } }),
    shown('a lease', '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/l'),
    made('claim', `${core}/persistentvolumeclaims`, {
      metadata: { name: 'c' },
      spec: { storageClassName: 'none', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    shown('a claim', `${core}/persistentvolumeclaims/c`),
    made('event', `${core}/events`, {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', namespace: '{ns}', name: 'p' },
      reason: 'R',
      message: 'M',
      type: 'Normal',
      count: 3,
      source: { component: 'c', host: 'h' },
    }),
    shown('an event', `${core}/events/e`),
    made('role', '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles', { metadata: { name: 'r' }, rules: [] }),
    get('a role', '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles/r?includeObject=None', {
      accept,
      only: ['columnDefinitions', 'kind'],
    }),
    made('binding', '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings', {
      metadata: { name: 'b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'Group', name: 'g' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
    }),
    shown('a binding', '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings/b'),
    made('quota', `${core}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { configmaps: '10' } } }),
    shown('a namespace', '/api/v1/namespaces/{ns}'),
    shown('a service account', `${core}/serviceaccounts/default`),
    ...[
      '/api/v1/nodes',
      '/api/v1/persistentvolumes',
      `${core}/endpoints`,
      `${core}/limitranges`,
      `${core}/podtemplates`,
      `${core}/replicationcontrollers`,
      `${core}/resourcequotas`,
    ].map(columns),
    ...[
      'apps/v1/daemonsets',
      'apps/v1/replicasets',
      'apps/v1/controllerrevisions',
      'batch/v1/jobs',
      'batch/v1/cronjobs',
      'autoscaling/v2/horizontalpodautoscalers',
      'autoscaling/v1/horizontalpodautoscalers',
      'networking.k8s.io/v1/ingresses',
      'networking.k8s.io/v1/ingressclasses',
      'networking.k8s.io/v1/networkpolicies',
      'policy/v1/poddisruptionbudgets',
      'rbac.authorization.k8s.io/v1/clusterroles',
      'rbac.authorization.k8s.io/v1/clusterrolebindings',
      'storage.k8s.io/v1/storageclasses',
      'scheduling.k8s.io/v1/priorityclasses',
      'discovery.k8s.io/v1/endpointslices',
      'apiextensions.k8s.io/v1/customresourcedefinitions',
      'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
      'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
      'events.k8s.io/v1/events',
      'apiregistration.k8s.io/v1/apiservices',
    ].map(columns),
  ],
}
