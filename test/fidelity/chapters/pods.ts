import { type Chapter, create, get, gone, jsonPatch, merge, remove, type Step, strategic, update } from '../step.ts'

const pods = '/api/v1/namespaces/{ns}/pods'
const game = { name: 'game', image: 'game:1' }
/** Nobody schedules these: what the table sees is the API server alone. */
const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { schedulerName: 'nobody', containers: [game], ...spec },
})
const refused = (name: string, spec: object): Step => create(name, pods, pod('{step}', spec))

export const podChapter: Chapter = {
  name: 'pods',
  about: 'defaults, validation and changes of pods',
  steps: [
    create('plain', pods, pod('plain')),
    create('rich', pods, {
      metadata: { name: 'rich', labels: { app: 'game' } },
      spec: {
        schedulerName: 'nobody',
        terminationGracePeriodSeconds: 5,
        readinessGates: [{ conditionType: 'game.kruise.io/Ready' }],
        initContainers: [
          { name: 'init', image: 'init:1' },
          { name: 'sidecar', image: 'sidecar:1', restartPolicy: 'Always' },
        ],
        containers: [
          {
            ...game,
            imagePullPolicy: 'Always',
            ports: [
              { name: 'udp', containerPort: 7777, protocol: 'UDP' },
              { containerPort: 80, hostPort: 20080 },
            ],
            resources: { limits: { cpu: '500m', memory: '0.5Gi' } },
            readinessProbe: { httpGet: { path: '/', port: 80 } },
            livenessProbe: { exec: { command: ['true'] }, periodSeconds: 3 },
            startupProbe: { tcpSocket: { port: 'udp' }, failureThreshold: 30 },
            lifecycle: { preStop: { httpGet: { port: 80 } } },
            env: [
              { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
            ],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
          { name: 'latest', image: 'game' },
        ],
        volumes: [
          { name: 'data', emptyDir: {} },
          { name: 'conf', configMap: { name: 'conf' } },
          { name: 'sec', secret: { secretName: 'sec' } },
          { name: 'down', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
          { name: 'host', hostPath: { path: '/tmp' } },
          { name: 'pvc', persistentVolumeClaim: { claimName: 'x' } },
        ],
      },
    }),
    create('host network', pods, pod('host', { hostNetwork: true, containers: [{ ...game, ports: [{ containerPort: 7000 }] }] })),
    create(
      'guaranteed',
      pods,
      pod('guaranteed', {
        containers: [{ ...game, resources: { requests: { cpu: 1, memory: '1Gi' }, limits: { cpu: '1000m', memory: '1024Mi' } } }],
      }),
    ),
    create('with an unknown service account', pods, pod('{step}', { serviceAccountName: 'none' })),
    create('with an unknown priority class', pods, pod('{step}', { priorityClassName: 'none' })),
    create('with a priority class', pods, pod('prio', { priorityClassName: 'system-node-critical' })),
    create('with a priority', pods, pod('{step}', { priority: 5 })),
    create('with a status', pods, { ...pod('status'), status: { phase: 'Running', podIP: '10.0.0.1' } }),
    create('with a node', pods, pod('{step}', { nodeName: 'Bad_Node' })),
    create('with scheduling gates', pods, pod('gated', { schedulingGates: [{ name: 'example.com/wait' }] })),

    refused('no containers', { containers: [] }),
    refused('no spec at all', { containers: undefined }),
    refused('a container without image', { containers: [{ name: 'a' }] }),
    refused('a container without name', { containers: [{ image: 'a' }] }),
    refused('two of one name', { containers: [game, game] }),
    refused('a bad container name', { containers: [{ name: 'A_b', image: 'x' }] }),
    refused('an image with blanks', { containers: [{ name: 'a', image: ' x ' }] }),
    refused('a bad pull policy', { containers: [{ ...game, imagePullPolicy: 'Sometimes' }] }),
    refused('a bad restart policy', { restartPolicy: 'Maybe' }),
    refused('a bad port', { containers: [{ ...game, ports: [{ containerPort: 70000 }, { containerPort: 0 }] }] }),
    refused('a bad port name', { containers: [{ ...game, ports: [{ containerPort: 80, name: 'a_very_long_port_name' }] }] }),
    refused('a bad protocol', { containers: [{ ...game, ports: [{ containerPort: 80, protocol: 'ICMP' }] }] }),
    refused('the same host port twice', {
      containers: [
        {
          ...game,
          ports: [
            { containerPort: 80, hostPort: 80 },
            { containerPort: 81, hostPort: 80 },
          ],
        },
      ],
    }),
    refused('another host port on the host', {
      hostNetwork: true,
      containers: [{ ...game, ports: [{ containerPort: 80, hostPort: 81 }] }],
    }),
    refused('the same port name twice', {
      containers: [
        {
          ...game,
          ports: [
            { containerPort: 80, name: 'a' },
            { containerPort: 81, name: 'a' },
          ],
        },
      ],
    }),
    refused('a bad environment', {
      containers: [
        {
          ...game,
          env: [
            { name: '', value: '1' },
            { name: 'A', value: '1', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
        },
      ],
    }),
    refused('an unknown field reference', {
      containers: [{ ...game, env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.nope' } } }] }],
    }),
    refused('a mount without a volume', { containers: [{ ...game, volumeMounts: [{ name: 'none', mountPath: '/x' }] }] }),
    refused('two mounts at one path', {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        {
          ...game,
          volumeMounts: [
            { name: 'v', mountPath: '/x' },
            { name: 'v', mountPath: '/x' },
          ],
        },
      ],
    }),
    refused('a volume with two sources', { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] }),
    refused('two volumes of one name', {
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'v', emptyDir: {} },
      ],
    }),
    refused('requests above limits', { containers: [{ ...game, resources: { requests: { cpu: 2 }, limits: { cpu: 1 } } }] }),
    refused('a negative request', { containers: [{ ...game, resources: { requests: { cpu: '-1' } } }] }),
    refused('an unknown resource', { containers: [{ ...game, resources: { requests: { gpus: 1 } } }] }),
    refused('a quantity that is none', { containers: [{ ...game, resources: { requests: { cpu: 'many' } } }] }),
    refused('an extended resource without a limit', { containers: [{ ...game, resources: { requests: { 'example.com/gpu': 1 } } }] }),
    refused('a probe of nothing', { containers: [{ ...game, readinessProbe: {} }] }),
    refused('a probe of two things', { containers: [{ ...game, readinessProbe: { httpGet: { port: 80 }, tcpSocket: { port: 80 } } }] }),
    refused('a negative probe', {
      containers: [{ ...game, livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: -1, successThreshold: 2 } }],
    }),
    refused('a negative grace', { terminationGracePeriodSeconds: -1 }),
    refused('a text as grace', { terminationGracePeriodSeconds: 'x' }),
    refused('a bad toleration', {
      tolerations: [{ key: 'a', operator: 'Exists', value: 'x' }, { operator: 'Equal' }, { key: 'b', effect: 'Nope' }],
    }),
    refused('a bad node selector', { nodeSelector: { 'a b': 'c d' } }),
    refused('a bad affinity', {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Maybe' }] }] },
        },
      },
    }),
    refused('a bad dns policy', { dnsPolicy: 'Mine' }),
    refused('dns policy none', { dnsPolicy: 'None' }),
    refused('a bad host name', { hostname: 'A.b' }),
    refused('a bad host alias', { hostAliases: [{ ip: 'x', hostnames: ['a'] }] }),
    refused('a bad readiness gate', { readinessGates: [{ conditionType: 'a b' }] }),
    refused('a bad security context', { securityContext: { runAsUser: -1 } }),
    refused('a bad sidecar', { initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Never' }] }),
    refused('a probe of an init container', { initContainers: [{ name: 'i', image: 'i', readinessProbe: { tcpSocket: { port: 80 } } }] }),
    refused('ephemeral containers at creation', { ephemeralContainers: [{ name: 'e', image: 'e' }] }),
    refused('a share of processes and the host', { hostPID: true, shareProcessNamespace: true }),
    refused('an active deadline', { activeDeadlineSeconds: 0 }),
    refused('a bad topology', { topologySpreadConstraints: [{ maxSkew: 0, topologyKey: '', whenUnsatisfiable: 'Maybe' }] }),
    create('a long name', pods, pod('a'.repeat(64))),
    create('a name with dots', pods, pod('a.b')),

    // What Berth writes.
    strategic('an image in place', `${pods}/plain`, { spec: { containers: [{ name: 'game', image: 'game:2' }] } }),
    strategic('two images and labels', `${pods}/rich`, {
      metadata: { labels: { 'controller-revision-hash': 'abc' }, annotations: { 'game.kruise.io/x': '1' } },
      spec: {
        containers: [
          { name: 'game', image: 'game:2' },
          { name: 'latest', image: 'game:3' },
        ],
      },
    }),
    strategic('an init image', `${pods}/rich`, { spec: { initContainers: [{ name: 'init', image: 'init:2' }] } }),
    merge('metadata only', `${pods}/plain`, { metadata: { labels: { a: '1' }, annotations: { b: '2' } } }),
    strategic('readiness with labels and annotations in one patch of the status', `${pods}/rich/status`, {
      metadata: { labels: { 'game.kruise.io/state': 'Ready' }, annotations: { 'game.kruise.io/network-status': '[]' } },
      status: {
        conditions: [{ type: 'game.kruise.io/Ready', status: 'True', reason: 'Here', lastTransitionTime: '2020-01-01T00:00:00Z' }],
      },
    }),
    strategic('the same again', `${pods}/rich/status`, {
      metadata: { labels: { 'game.kruise.io/state': 'Ready' } },
      status: {
        conditions: [{ type: 'game.kruise.io/Ready', status: 'True', reason: 'Here', lastTransitionTime: '2020-01-01T00:00:00Z' }],
      },
    }),
    strategic('another condition', `${pods}/rich/status`, { status: { conditions: [{ type: 'Ready', status: 'False' }] } }),
    strategic('a label goes through the status', `${pods}/rich/status`, { metadata: { labels: { app: null } } }),
    strategic('a finalizer through the status', `${pods}/rich/status`, {
      metadata: { finalizers: ['example.com/a'], ownerReferences: [] },
    }),
    strategic('an image through the status', `${pods}/rich/status`, { spec: { containers: [{ name: 'game', image: 'game:9' }] } }),
    strategic('a status through the pod', `${pods}/rich`, { status: { phase: 'Failed' } }),
    merge('a running status', `${pods}/plain/status`, {
      status: {
        phase: 'Running',
        podIP: '10.1.2.3',
        podIPs: [{ ip: '10.1.2.3' }],
        containerStatuses: [
          {
            name: 'game',
            image: 'game:2',
            imageID: '',
            ready: true,
            restartCount: 0,
            started: true,
            state: { running: { startedAt: '2020-01-01T00:00:00Z' } },
          },
        ],
      },
    }),
    merge('a bad status', `${pods}/plain/status`, { status: { phase: 'Dancing', podIP: 'x' } }),
    merge('a bad condition', `${pods}/plain/status`, {
      status: {
        conditions: [
          { type: 'a b', status: 'True' },
          { type: 'a b', status: 'Maybe' },
        ],
      },
    }),
    merge('a restart count back', `${pods}/plain/status`, {
      status: { containerStatuses: [{ name: 'nope', image: 'x', imageID: '', ready: true, restartCount: -1 }] },
    }),
    get('the status', `${pods}/plain/status`),
    update('a whole status', `${pods}/plain/status`, { ...pod('plain'), status: { phase: 'Running', message: 'put' } }),

    strategic('a new command', `${pods}/plain`, { spec: { containers: [{ name: 'game', command: ['x'] }] } }),
    strategic('a new port', `${pods}/plain`, { spec: { containers: [{ name: 'game', ports: [{ containerPort: 9 }] }] } }),
    strategic('new resources', `${pods}/plain`, { spec: { containers: [{ name: 'game', resources: { limits: { cpu: '1' } } }] } }),
    merge('a node', `${pods}/plain`, { spec: { nodeName: 'x' } }),
    merge('an empty image', `${pods}/plain`, { spec: { containers: [{ name: 'game', image: '' }] } }),
    merge('another restart policy', `${pods}/plain`, { spec: { restartPolicy: 'Never' } }),
    merge('an active deadline later', `${pods}/plain`, { spec: { activeDeadlineSeconds: 100 } }),
    merge('a longer active deadline', `${pods}/plain`, { spec: { activeDeadlineSeconds: 200 } }),
    merge('a toleration more', `${pods}/plain`, { spec: { tolerations: [{ key: 'x', operator: 'Exists', effect: 'NoSchedule' }] } }),
    merge('a shorter grace', `${pods}/plain`, { spec: { terminationGracePeriodSeconds: 1 } }),
    merge('gates go', `${pods}/gated`, { spec: { schedulingGates: [] } }),
    merge('gates come', `${pods}/plain`, { spec: { schedulingGates: [{ name: 'example.com/wait' }] } }),
    merge('a readiness gate', `${pods}/plain`, { spec: { readinessGates: [{ conditionType: 'x' }] } }),
    merge('a host name', `${pods}/plain`, { spec: { hostname: 'x' } }),
    jsonPatch('an image by index', `${pods}/plain`, [{ op: 'replace', path: '/spec/containers/0/image', value: 'game:4' }]),

    merge('the finalizer goes', `${pods}/rich`, { metadata: { finalizers: null } }),
    remove('delete with a grace', `${pods}/rich`, { gracePeriodSeconds: 20 }),
    remove('delete at once', `${pods}/plain`, { gracePeriodSeconds: 0 }),
    remove('delete with the default grace', `${pods}/guaranteed`),
    gone('gone', `${pods}/guaranteed`),
  ],
}

export const podTermination: Chapter = {
  name: 'pod-termination',
  about: 'pods on a node end by their grace period, finalizers hold them',
  leaves: ['/api/v1/nodes/fidelity-node'],
  shared: true,
  steps: [
    create('node', '/api/v1/nodes', { metadata: { name: 'fidelity-node' } }, { silent: true }),
    create('bound from the start', pods, pod('a', { nodeName: 'fidelity-node', terminationGracePeriodSeconds: 100 })),
    remove('delete', `${pods}/a`),
    remove('delete again', `${pods}/a`),
    remove('delete sooner', `${pods}/a`, { gracePeriodSeconds: 10 }),
    remove('delete later', `${pods}/a`, { gracePeriodSeconds: 50 }),
    strategic('an image while it ends', `${pods}/a`, { spec: { containers: [{ name: 'game', image: 'game:2' }] } }),
    merge('a status while it ends', `${pods}/a/status`, { status: { phase: 'Succeeded' } }),
    merge('a finalizer while it ends', `${pods}/a`, { metadata: { finalizers: ['example.com/late'] } }),
    remove('delete now', `${pods}/a`, { gracePeriodSeconds: 0 }),
    gone('gone', `${pods}/a`),
    create('with a finalizer', pods, pod('b', { nodeName: 'fidelity-node' }, { finalizers: ['example.com/hold'] })),
    remove('held', `${pods}/b`, { gracePeriodSeconds: 0 }),
    merge('let go', `${pods}/b`, { metadata: { finalizers: null } }),
    gone('let go and gone', `${pods}/b`),
    create('finished', pods, pod('c', { nodeName: 'fidelity-node' })),
    merge('it has failed', `${pods}/c/status`, { status: { phase: 'Failed' } }),
    remove('the finished go at once', `${pods}/c`),
    gone('finished and gone', `${pods}/c`),
    create('to bind', pods, pod('d')),
    create('bind', `${pods}/d/binding`, { metadata: { name: 'd' }, target: { kind: 'Node', name: 'fidelity-node' } }),
    create('bind again', `${pods}/d/binding`, { metadata: { name: 'd' }, target: { kind: 'Node', name: 'fidelity-node' } }),
    create('bind elsewhere', `${pods}/d/binding`, { metadata: { name: 'd' }, target: { kind: 'Node', name: 'other' } }),
    create('bind to nothing', `${pods}/d/binding`, { metadata: { name: 'd' } }),
    create('bind nobody', `${pods}/none/binding`, { metadata: { name: 'none' }, target: { name: 'fidelity-node' } }),
    get('bound', `${pods}/d`),
    get('by node', `${pods}?fieldSelector=spec.nodeName%3Dfidelity-node`, { only: ['items.0.metadata.name', 'items.1.metadata.name'] }),
    remove('the bound one goes', `${pods}/d`, { gracePeriodSeconds: 0 }),
  ],
}

const gate = '/api/v1/namespaces/{ns}/pods/p'

export const podSubresources: Chapter = {
  name: 'pod-subresources',
  about: 'log, exec, eviction, ephemeral containers, resize',
  steps: [
    create('pod', pods, pod('p', {}, { labels: { app: 'p' } })),
    get('log of an unscheduled pod', `${gate}/log`),
    get('log of nobody', `${pods}/none/log`),
    get('log of an unknown container', `${gate}/log?container=nope`),
    get('log with bad options', `${gate}/log?tailLines=-1&sinceSeconds=-1`),
    get('log with nonsense', `${gate}/log?tailLines=x`),
    create('log by post', `${gate}/log`, {}),
    get('exec of an unscheduled pod', `${gate}/exec?command=ls`),
    create('exec of nobody', `${pods}/none/exec?command=ls`, ''),
    create('exec without a command', `${gate}/exec`, ''),
    create('exec of an unknown container', `${gate}/exec?command=ls&container=nope&stdout=true`, ''),
    create('attach of an unscheduled pod', `${gate}/attach?stdout=true`, ''),
    create('port-forward of an unscheduled pod', `${gate}/portforward?ports=80`, ''),
    get('an unknown subresource', `${gate}/nope`),
    create('status by post', `${gate}/status`, {}),
    remove('delete of the status', `${gate}/status`),
    get('ephemeral containers', `${gate}/ephemeralcontainers`, { only: ['kind', 'metadata.name', 'spec.containers', 'message'] }),
    strategic('an ephemeral container', `${gate}/ephemeralcontainers`, {
      spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox' }] },
    }),
    strategic('a bad ephemeral container', `${gate}/ephemeralcontainers`, {
      spec: { ephemeralContainers: [{ name: 'game', image: 'busybox', ports: [{ containerPort: 80 }] }] },
    }),
    strategic('an ephemeral container through the pod', gate, { spec: { ephemeralContainers: [{ name: 'more', image: 'busybox' }] } }),
    strategic('change an ephemeral container', `${gate}/ephemeralcontainers`, {
      spec: { ephemeralContainers: [{ name: 'debug', image: 'other' }] },
    }),
    get('resize is read', `${gate}/resize`, { only: ['kind', 'metadata.name', 'message'] }),
    strategic('resize', `${gate}/resize`, { spec: { containers: [{ name: 'game', resources: { requests: { cpu: '100m' } } }] } }),
    create('sized', pods, pod('sized', { containers: [{ ...game, resources: { requests: { cpu: '100m', memory: '64Mi' } } }] })),
    strategic('resize the sized', `${pods}/sized/resize`, {
      spec: { containers: [{ name: 'game', resources: { requests: { cpu: '200m' } } }] },
    }),
    strategic('resize an image', `${pods}/sized/resize`, { spec: { containers: [{ name: 'game', image: 'x' }] } }),
    strategic('resize to another class', `${pods}/sized/resize`, {
      spec: { containers: [{ name: 'game', resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } } }] },
    }),
    create('eviction dry', `${gate}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'p' },
      deleteOptions: { dryRun: ['All'] },
    }),
    create('eviction of another name', `${gate}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'q' } }),
    create('eviction of nobody', `${pods}/none/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'none' } }),
    create('eviction of another kind', `${gate}/eviction`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }),
    create('eviction', `${gate}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }),
    gone('evicted', gate),
  ],
}
