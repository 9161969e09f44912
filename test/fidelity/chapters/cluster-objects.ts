import { type Chapter, create, get, merge, remove, type Step, strategic, update } from '../step.ts'

const core = '/api/v1/namespaces/{ns}'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const role = (name: string, rules: object[]) => ({ metadata: { name }, rules })

export const dataObjects: Chapter = {
  name: 'data-objects',
  about: 'secrets, service accounts, tokens, quotas and limits, claims and classes',
  leaves: [
    '/api/v1/persistentvolumes/fidelity-volume',
    '/apis/storage.k8s.io/v1/storageclasses/fidelity',
    '/apis/scheduling.k8s.io/v1/priorityclasses/fidelity',
  ],
  shared: true,
  steps: [
    create('secret', `${core}/secrets`, { metadata: { name: 's' }, stringData: { a: 'text' }, data: { b: 'AAEC' } }),
    create('a secret of bad data', `${core}/secrets`, { metadata: { name: '{step}' }, data: { b: '???' } }),
    create('a TLS secret without keys', `${core}/secrets`, { metadata: { name: '{step}' }, type: 'kubernetes.io/tls', data: {} }),
    create('a TLS secret', `${core}/secrets`, {
      metadata: { name: 'tls' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'AAEC', 'tls.key': 'AAEC' },
    }),
    create('a pull secret', `${core}/secrets`, {
      metadata: { name: '{step}' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': 'AAEC' },
    }),
    create('a basic secret', `${core}/secrets`, { metadata: { name: '{step}' }, type: 'kubernetes.io/basic-auth' }),
    create('a token secret without account', `${core}/secrets`, {
      metadata: { name: '{step}' },
      type: 'kubernetes.io/service-account-token',
    }),
    merge('another type', `${core}/secrets/s`, { type: 'example.com/x' }),
    merge('immutable', `${core}/secrets/s`, { immutable: true }),
    merge('changed', `${core}/secrets/s`, { data: { a: 'AAAA' } }),
    create('service account', `${core}/serviceaccounts`, {
      metadata: { name: 'sa' },
      automountServiceAccountToken: false,
      imagePullSecrets: [{ name: 's' }],
    }),
    create(
      'token',
      `${core}/serviceaccounts/sa/token`,
      { spec: { expirationSeconds: 3600 } },
      { only: ['kind', 'apiVersion', 'metadata.name', 'spec.expirationSeconds', 'spec.boundObjectRef', 'status.token'] },
    ),
    create(
      'token for an audience',
      `${core}/serviceaccounts/sa/token`,
      { spec: { audiences: ['me'] } },
      { only: ['spec', 'status.token'] },
    ),
    create('a short token', `${core}/serviceaccounts/sa/token`, { spec: { expirationSeconds: 5 } }),
    create('token of nobody', `${core}/serviceaccounts/none/token`, {}),
    create('token bound to nothing', `${core}/serviceaccounts/sa/token`, {
      spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'none' } },
    }),
    create('token bound to a map', `${core}/serviceaccounts/sa/token`, {
      spec: { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'none' } },
    }),

    create('quota', `${core}/resourcequotas`, {
      metadata: { name: 'q' },
      spec: { hard: { pods: '2', 'requests.cpu': '1', 'count/configmaps': '50' } },
    }),
    create('a bad quota', `${core}/resourcequotas`, { metadata: { name: '{step}' }, spec: { hard: { pods: '-1', nonsense: 'x' } } }),
    create('another bad quota', `${core}/resourcequotas`, { metadata: { name: '{step}' }, spec: { hard: { pods: '-1', nonsense: '1' } } }),
    get('quota counted', `${core}/resourcequotas/q`, {
      until: { path: 'status.hard.pods', is: '2' },
      patience: 3_000,
      only: ['status.hard'],
    }),
    create('a pod without requests', `${core}/pods`, {
      metadata: { name: '{step}' },
      spec: { schedulerName: 'nobody', containers: [{ name: 'a', image: 'a' }] },
    }),
    create(
      'a pod within quota',
      `${core}/pods`,
      {
        metadata: { name: 'in' },
        spec: { schedulerName: 'nobody', containers: [{ name: 'a', image: 'a', resources: { requests: { cpu: '600m' } } }] },
      },
      { only: ['metadata.name', 'message'] },
    ),
    create('a pod beyond quota', `${core}/pods`, {
      metadata: { name: 'out' },
      spec: { schedulerName: 'nobody', containers: [{ name: 'a', image: 'a', resources: { requests: { cpu: '600m' } } }] },
    }),
    remove('the quota goes', `${core}/resourcequotas/q`, undefined, { only: ['status', 'kind'] }),
    remove('the pod goes', `${core}/pods/in`, { gracePeriodSeconds: 0 }, { only: ['kind'] }),
    create('limits', `${core}/limitranges`, {
      metadata: { name: 'l' },
      spec: {
        limits: [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '2' }, min: { cpu: '50m' } }],
      },
    }),
    create('bad limits', `${core}/limitranges`, {
      metadata: { name: '{step}' },
      spec: { limits: [{ type: 'Container', min: { cpu: '3' }, max: { cpu: '2' } }] },
    }),
    get('limits are known', `${core}/limitranges/l`),
    create(
      'a pod with limited defaults',
      `${core}/pods`,
      { metadata: { name: 'limited' }, spec: { schedulerName: 'nobody', containers: [{ name: 'a', image: 'a' }] } },
      { only: ['spec.containers', 'metadata.annotations', 'status.qosClass', 'message'] },
    ),
    create('a pod beyond limits', `${core}/pods`, {
      metadata: { name: '{step}' },
      spec: { schedulerName: 'nobody', containers: [{ name: 'a', image: 'a', resources: { limits: { cpu: '3' } } }] },
    }),
    create('a pod below limits', `${core}/pods`, {
      metadata: { name: '{step}' },
      spec: { schedulerName: 'nobody', containers: [{ name: 'a', image: 'a', resources: { requests: { cpu: '1m' } } }] },
    }),

    create('claim', `${core}/persistentvolumeclaims`, {
      metadata: { name: 'c' },
      spec: { storageClassName: 'none', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    create('a bad claim', `${core}/persistentvolumeclaims`, {
      metadata: { name: '{step}' },
      spec: { accessModes: ['Sometimes'], resources: {} },
    }),
    merge('a bigger claim', `${core}/persistentvolumeclaims/c`, { spec: { resources: { requests: { storage: '2Gi' } } } }),
    merge('another class of the claim', `${core}/persistentvolumeclaims/c`, { spec: { storageClassName: 'other' } }),
    create('volume', '/api/v1/persistentvolumes', {
      metadata: { name: 'fidelity-volume' },
      spec: { storageClassName: 'fidelity', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp' } },
    }),
    create('a bad volume', '/api/v1/persistentvolumes', { metadata: { name: '{step}' }, spec: { accessModes: [] } }),
    create('storage class', '/apis/storage.k8s.io/v1/storageclasses', { metadata: { name: 'fidelity' }, provisioner: 'example.com/none' }),
    create('a storage class without provisioner', '/apis/storage.k8s.io/v1/storageclasses', { metadata: { name: '{step}' } }),
    merge('another provisioner', '/apis/storage.k8s.io/v1/storageclasses/fidelity', { provisioner: 'example.com/other' }),
    create('priority class', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'fidelity' }, value: 1000 }),
    create('a priority class too high', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: '{step}' }, value: 2000000000 }),
    merge('another priority', '/apis/scheduling.k8s.io/v1/priorityclasses/fidelity', { value: 5 }),
    create(
      'a pod of the class',
      `${core}/pods`,
      {
        metadata: { name: 'classy' },
        spec: { schedulerName: 'nobody', priorityClassName: 'fidelity', containers: [{ name: 'a', image: 'a' }] },
      },
      { only: ['spec.priority', 'spec.preemptionPolicy', 'spec.priorityClassName'] },
    ),
  ],
}

const leases = '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases'
const lease = (holder: string, more: object = {}) => ({
  metadata: { name: 'l', ...more },
  spec: {
    holderIdentity: holder,
    leaseDurationSeconds: 15,
    acquireTime: '2020-01-01T00:00:00.000000Z',
    renewTime: '2020-01-01T00:00:00.123456Z',
    leaseTransitions: 0,
  },
})
const events = `${core}/events`
const event = (name: string, more: object = {}) => ({
  metadata: { name },
  involvedObject: { kind: 'Pod', namespace: '{ns}', name: 'p' },
  reason: 'Started',
  message: 'it runs',
  type: 'Normal',
  firstTimestamp: '2020-01-01T00:00:00Z',
  lastTimestamp: '2020-01-01T00:00:00Z',
  count: 1,
  source: { component: 'berth' },
  ...more,
})

export const leasesAndEvents: Chapter = {
  name: 'leases-and-events',
  about: 'what leader election and event recorders do',
  steps: [
    create('lease', leases, lease('a')),
    create('lease again', leases, lease('b')),
    update('renewed', `${leases}/l`, lease('a', { resourceVersion: '{lease:metadata.resourceVersion}' })),
    update('taken', `${leases}/l`, lease('b', { resourceVersion: '{lease:metadata.resourceVersion}' }), {}),
    update('taken from the same version', `${leases}/l`, lease('c', { resourceVersion: '{lease:metadata.resourceVersion}' })),
    merge('released', `${leases}/l`, { spec: { holderIdentity: '', leaseDurationSeconds: 1 } }),
    merge('a short time', `${leases}/l`, { spec: { renewTime: '2020-01-01T00:00:00Z' } }),
    merge('a bad duration', `${leases}/l`, { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }),
    merge('a bad time', `${leases}/l`, { spec: { renewTime: 'now' } }),
    create('lease of coordination', leases, {
      metadata: { name: 'coordinated' },
      spec: { strategy: 'OldestEmulationVersion', preferredHolder: 'x' },
    }),
    create('event', events, event('e.1')),
    strategic('event counted', `${events}/e.1`, { count: 2, lastTimestamp: '2020-01-01T00:01:00Z' }),
    merge('event of another object', `${events}/e.1`, { involvedObject: { name: 'q' } }),
    create('event of another namespace', events, event('e.2', { involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' } })),
    create('event of the cluster', events, event('e.3', { involvedObject: { kind: 'Node', name: 'n' } })),
    create('event of the cluster in default', '/api/v1/namespaces/default/events', {
      metadata: { name: 'fidelity-event' },
      involvedObject: { kind: 'Node', name: 'n' },
      reason: 'x',
      type: 'Normal',
    }),
    remove('it goes', '/api/v1/namespaces/default/events/fidelity-event'),
    create('event without an object', events, { metadata: { name: 'e.4' } }),
    create('event in the new way', '/apis/events.k8s.io/v1/namespaces/{ns}/events', {
      metadata: { name: 'n.1' },
      eventTime: '2020-01-01T00:00:00.000000Z',
      reportingController: 'berth.dev/controller',
      reportingInstance: 'a',
      action: 'Start',
      reason: 'Started',
      type: 'Normal',
      note: 'it runs',
      regarding: { kind: 'Pod', namespace: '{ns}', name: 'p' },
    }),
    create('a poor event in the new way', '/apis/events.k8s.io/v1/namespaces/{ns}/events', {
      metadata: { name: 'n.2' },
      type: 'Odd',
      regarding: { kind: 'Pod', namespace: '{ns}', name: 'p' },
    }),
    get('old as new', '/apis/events.k8s.io/v1/namespaces/{ns}/events/e.1'),
    get('new as old', `${events}/n.1`),
    get('as a table', `${events}/e.1`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io', only: ['columnDefinitions'] }),
  ],
}

const review = (name: string, spec: object, as?: string): Step =>
  create(name, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec }, as === undefined ? {} : { as })
const account = 'system:serviceaccount:fidelity-authorization:sa'

export const authorization: Chapter = {
  name: 'authorization',
  about: 'roles, reviews, impersonation and refusals',
  leaves: [`${rbac}/clusterroles/fidelity`, `${rbac}/clusterrolebindings/fidelity`],
  steps: [
    create('service account', `${core}/serviceaccounts`, { metadata: { name: 'sa' } }, { silent: true }),
    get('nobody', `${core}/pods`, { as: 'nobody' }),
    get('nobody at the version', '/version', { as: 'nobody', only: ['major'] }),
    get('nobody at the API', '/api', { as: 'nobody' }),
    get('a stranger', `${core}/pods`, { as: 'stranger' }),
    get('a stranger at one', `${core}/pods/p`, { as: 'stranger' }),
    get('a stranger at the cluster', '/api/v1/nodes', { as: 'stranger' }),
    get('a stranger at a group', '/apis/apps/v1/namespaces/{ns}/deployments/d/scale', { as: 'stranger' }),
    create('a stranger creates', `${core}/pods`, {}, { as: 'stranger' }),
    remove('a stranger deletes all', `${core}/pods`, undefined, { as: 'stranger' }),
    get('a stranger watches', `${core}/pods?watch=true`, { as: 'stranger' }),
    get('a stranger at a path', '/metrics', { as: 'stranger' }),
    get('a stranger at discovery', '/apis', { as: 'stranger', only: ['kind', 'code', 'message'] }),
    create(
      'role',
      `${rbac}/namespaces/{ns}/roles`,
      role('reader', [
        { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
        { apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'], verbs: ['get'] },
      ]),
    ),
    create('a role without verbs', `${rbac}/namespaces/{ns}/roles`, role('{step}', [{ apiGroups: [''], resources: ['pods'], verbs: [] }])),
    create('a role without resources', `${rbac}/namespaces/{ns}/roles`, role('{step}', [{ verbs: ['get'] }])),
    create('a role with paths', `${rbac}/namespaces/{ns}/roles`, role('{step}', [{ nonResourceURLs: ['/x'], verbs: ['get'] }])),
    create('a name with colons', `${rbac}/namespaces/{ns}/roles`, role('system:fidelity:x', [])),
    create('a name with slashes', `${rbac}/namespaces/{ns}/roles`, role('a/b', [])),
    create('binding', `${rbac}/namespaces/{ns}/rolebindings`, {
      metadata: { name: 'b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [
        { kind: 'ServiceAccount', name: 'sa', namespace: '{ns}' },
        { kind: 'User', name: 'alice' },
      ],
    }),
    merge('another role', `${rbac}/namespaces/{ns}/rolebindings/b`, { roleRef: { name: 'other' } }),
    create('a bad binding', `${rbac}/namespaces/{ns}/rolebindings`, {
      metadata: { name: '{step}' },
      roleRef: { kind: 'Nope', name: '' },
      subjects: [
        { kind: 'ServiceAccount', name: 'sa' },
        { kind: 'Robot', name: 'r' },
      ],
    }),
    create(
      'cluster role',
      `${rbac}/clusterroles`,
      role('fidelity', [
        { nonResourceURLs: ['/metrics'], verbs: ['get'] },
        { apiGroups: ['*'], resources: ['*'], verbs: ['list'] },
      ]),
    ),
    create('cluster binding', `${rbac}/clusterrolebindings`, {
      metadata: { name: 'fidelity' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'fidelity' },
      subjects: [{ kind: 'Group', name: 'system:serviceaccounts:{ns}' }],
    }),
    get('allowed', `${core}/pods`, { as: account, until: { code: 200 }, only: ['kind', 'items'] }),
    get('allowed by name', `${core}/configmaps/one`, { as: account, until: { code: 404 } }),
    get('not by another name', `${core}/configmaps/two`, { as: account }),
    create('not to create', `${core}/pods`, {}, { as: account }),
    review('may I', { resourceAttributes: { namespace: '{ns}', verb: 'get', resource: 'pods' } }, account),
    review('may I not', { resourceAttributes: { namespace: '{ns}', verb: 'delete', resource: 'pods' } }, account),
    review(
      'may I at a subresource',
      { resourceAttributes: { namespace: '{ns}', verb: 'get', resource: 'pods', subresource: 'log' } },
      'alice',
    ),
    review('may I at a path', { nonResourceAttributes: { path: '/metrics', verb: 'get' } }, account),
    review('may the admin', { resourceAttributes: { verb: '*', resource: '*' } }),
    review('may I nothing', {}),
    review('may I both', { nonResourceAttributes: { path: '/x', verb: 'get' }, resourceAttributes: { verb: 'get' } }),
    create('may they', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { user: 'alice', groups: ['g'], resourceAttributes: { namespace: '{ns}', verb: 'list', resource: 'pods' } },
    }),
    create('may who', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { resourceAttributes: { namespace: '{ns}', verb: 'list', resource: 'pods' } },
    }),
    create('may they here', '/apis/authorization.k8s.io/v1/namespaces/{ns}/localsubjectaccessreviews', {
      spec: { user: 'alice', resourceAttributes: { namespace: '{ns}', verb: 'list', resource: 'pods' } },
    }),
    create(
      'rules',
      '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      { spec: { namespace: '{ns}' } },
      { as: 'alice', only: ['kind', 'apiVersion', 'status.incomplete', 'message'] },
    ),
    create('rules of nowhere', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: {} }),
    create('who am I', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { as: 'alice' }),
    create('a token to review', `${core}/serviceaccounts/sa/token`, {}, { silent: true }),
    create(
      'token review',
      '/apis/authentication.k8s.io/v1/tokenreviews',
      { spec: { token: '{a token to review:status.token}' } },
      { only: ['kind', 'apiVersion', 'status.authenticated', 'status.user.username', 'status.user.uid', 'status.user.groups'] },
    ),
    create(
      'token review of nonsense',
      '/apis/authentication.k8s.io/v1/tokenreviews',
      { spec: { token: 'x' } },
      { only: ['status.authenticated', 'status.user'] },
    ),
    create('token review without token', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: {} }),
    get('reviews are not listed', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'),
    create('escalation', `${rbac}/namespaces/{ns}/roles`, role('more', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]), {
      as: account,
    }),
  ],
}

const nets = '/apis/networking.k8s.io/v1/namespaces/{ns}'
const slices = '/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices'

export const networking: Chapter = {
  name: 'networking',
  about: 'endpoints, slices, ingresses, network policies, nodes, webhook configurations',
  leaves: [
    '/api/v1/nodes/fidelity-net',
    '/apis/networking.k8s.io/v1/ingressclasses/fidelity',
    '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/fidelity',
  ],
  shared: true,
  steps: [
    create('slice', slices, {
      metadata: { name: 's', labels: { 'kubernetes.io/service-name': 'x' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 80 }],
      endpoints: [{ addresses: ['10.0.0.1'] }],
    }),
    create('a slice without type', slices, { metadata: { name: '{step}' }, endpoints: [] }),
    create('a slice of bad addresses', slices, {
      metadata: { name: '{step}' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['x'] }, { addresses: [] }, { addresses: ['127.0.0.1'] }],
    }),
    create('a slice of bad ports', slices, {
      metadata: { name: '{step}' },
      addressType: 'IPv4',
      endpoints: [],
      ports: [{ name: 'A_', port: 0 }, { protocol: 'X' }],
    }),
    merge('another type', `${slices}/s`, { addressType: 'IPv6' }),
    create('endpoints', `${core}/endpoints`, {
      metadata: { name: 'e' },
      subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }],
    }),
    create('bad endpoints', `${core}/endpoints`, {
      metadata: { name: '{step}' },
      subsets: [{ addresses: [{ ip: 'x' }, { ip: '127.0.0.1' }], ports: [{ port: 0 }, { port: 1 }] }],
    }),
    create('ingress', `${nets}/ingresses`, {
      metadata: { name: 'i' },
      spec: {
        ingressClassName: 'fidelity',
        rules: [
          {
            host: 'a.example.com',
            http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }] },
          },
        ],
      },
    }),
    create('a bad ingress', `${nets}/ingresses`, {
      metadata: { name: '{step}' },
      spec: { rules: [{ host: 'A_b', http: { paths: [{ path: 'x', backend: {} }] } }] },
    }),
    create('an empty ingress', `${nets}/ingresses`, { metadata: { name: '{step}' }, spec: {} }),
    create('ingress class', '/apis/networking.k8s.io/v1/ingressclasses', {
      metadata: { name: 'fidelity' },
      spec: { controller: 'example.com/x' },
    }),
    create('network policy', `${nets}/networkpolicies`, {
      metadata: { name: 'n' },
      spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] }] },
    }),
    create('a bad network policy', `${nets}/networkpolicies`, {
      metadata: { name: '{step}' },
      spec: { podSelector: {}, policyTypes: ['Sideways'], ingress: [{ from: [{ ipBlock: { cidr: 'x' } }] }] },
    }),
    create(
      'node',
      '/api/v1/nodes',
      { metadata: { name: 'fidelity-net', labels: { zone: 'a' } } },
      { only: ['metadata.name', 'metadata.labels', 'spec', 'status'] },
    ),
    strategic(
      'node status',
      '/api/v1/nodes/fidelity-net/status',
      {
        status: {
          addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
          capacity: { pods: '10' },
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      },
      { only: ['status.addresses', 'status.capacity', 'status.allocatable', 'status.conditions'] },
    ),
    merge(
      'node unschedulable',
      '/api/v1/nodes/fidelity-net',
      { spec: { unschedulable: true } },
      { only: ['spec.unschedulable', 'metadata.name'] },
    ),
    merge(
      'node with bad taints',
      '/api/v1/nodes/fidelity-net',
      { spec: { taints: [{ key: 'a b', effect: 'Nope' }] } },
      { only: ['message', 'reason'] },
    ),
    merge('node with a provider', '/api/v1/nodes/fidelity-net', { spec: { providerID: 'x://1' } }, { only: ['spec.providerID'] }),
    merge(
      'node with another provider',
      '/api/v1/nodes/fidelity-net',
      { spec: { providerID: 'x://2' } },
      { only: ['message', 'reason', 'spec.providerID'] },
    ),
    create('webhooks', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
      metadata: { name: 'fidelity' },
      webhooks: [
        {
          name: 'a.example.com',
          clientConfig: { url: 'https://127.0.0.1:1/x' },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          rules: [{ apiGroups: ['fidelity.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothing'] }],
          failurePolicy: 'Ignore',
        },
      ],
    }),
    create('bad webhooks', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
      metadata: { name: '{step}' },
      webhooks: [{ name: 'a', clientConfig: { url: 'http://x' }, sideEffects: 'Some', admissionReviewVersions: [], timeoutSeconds: 50 }],
    }),
  ],
}
