import { type Chapter, create, get, gone, merge, remove, type Step, strategic, update } from '../step.ts'

const apps = '/apis/apps/v1/namespaces/{ns}'
const batch = '/apis/batch/v1/namespaces/{ns}'
const template = { metadata: { labels: { app: 'x' } }, spec: { schedulerName: 'nobody', containers: [{ name: 'game', image: 'game:1' }] } }
const selector = { matchLabels: { app: 'x' } }
const written = [
  'kind',
  'apiVersion',
  'metadata.name',
  'metadata.generation',
  'metadata.labels',
  'spec',
  'message',
  'reason',
  'code',
  'details',
]
const workload = (kind: string, spec: object, name = 'x') => ({ apiVersion: 'apps/v1', kind, metadata: { name }, spec })
const deployment = (spec: object, name = 'x') => workload('Deployment', { selector, template, ...spec }, name)
const made = (name: string, path: string, body: object): Step => create(name, path, body, { only: written })
const refused = (name: string, spec: object): Step => create(name, `${apps}/deployments`, deployment(spec, '{step}'))

export const workloads: Chapter = {
  name: 'workloads',
  about: 'Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, autoscalers, disruption budgets: what the API server does to them',
  shared: true,
  steps: [
    made('deployment', `${apps}/deployments`, deployment({ replicas: 0 }, 'd')),
    made('replica set', `${apps}/replicasets`, workload('ReplicaSet', { replicas: 0, selector, template }, 'r')),
    made('stateful set', `${apps}/statefulsets`, workload('StatefulSet', { replicas: 0, selector, template, serviceName: 's' }, 's')),
    made(
      'daemon set',
      `${apps}/daemonsets`,
      workload('DaemonSet', { selector, template: { ...template, spec: { ...template.spec, nodeSelector: { no: 'node' } } } }, 'ds'),
    ),
    made('replication controller', '/api/v1/namespaces/{ns}/replicationcontrollers', {
      metadata: { name: 'rc' },
      spec: { replicas: 0, selector: { app: 'x' }, template },
    }),
    made('job', `${batch}/jobs`, {
      metadata: { name: 'j' },
      spec: {
        suspend: true,
        template: { spec: { schedulerName: 'nobody', restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } },
      },
    }),
    made('cron job', `${batch}/cronjobs`, {
      metadata: { name: 'c' },
      spec: {
        schedule: '0 0 1 1 *',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'a', image: 'a' }] } } } },
      },
    }),
    made('a bad cron job', `${batch}/cronjobs`, {
      metadata: { name: '{step}' },
      spec: {
        schedule: 'often',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Always', containers: [{ name: 'a', image: 'a' }] } } } },
      },
    }),
    made('a bad job', `${batch}/jobs`, {
      metadata: { name: '{step}' },
      spec: { parallelism: -1, template: { spec: { containers: [{ name: 'a', image: 'a' }] } } },
    }),
    refused('without a selector', { selector: undefined }),
    refused('with another selector', { selector: { matchLabels: { app: 'y' } } }),
    refused('with an empty selector', { selector: {} }),
    refused('without a template', { template: undefined }),
    refused('with negative replicas', { replicas: -1 }),
    refused('with replicas as text', { replicas: '1' }),
    refused('with a bad strategy', { strategy: { type: 'Yolo' } }),
    refused('with nothing unavailable and no surge', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    refused('with a bad percentage', { strategy: { rollingUpdate: { maxSurge: 'x%', maxUnavailable: '200%' } } }),
    refused('recreate with a surge', { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
    refused('with a restart policy', { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } }),
    refused('with a bad container', { template: { ...template, spec: { containers: [{ name: 'A' }] } } }),
    refused('with a bad label', { template: { ...template, metadata: { labels: { app: 'x', 'a b': 'c' } } } }),
    refused('with a negative ready time', { minReadySeconds: -1, revisionHistoryLimit: -1, progressDeadlineSeconds: 0 }),
    merge('another selector later', `${apps}/deployments/d`, { spec: { selector: { matchLabels: { app: 'z' } } } }),
    strategic(
      'a new image',
      `${apps}/deployments/d`,
      { spec: { template: { spec: { containers: [{ name: 'game', image: 'game:2' }] } } } },
      { only: written },
    ),
    merge('paused', `${apps}/deployments/d`, { spec: { paused: true } }, { only: written }),
    get('scale', `${apps}/deployments/d/scale`, { only: ['kind', 'apiVersion', 'metadata.name', 'metadata.uid', 'spec', 'status'] }),
    merge('scale up', `${apps}/deployments/d/scale`, { spec: { replicas: 2 } }, { only: ['kind', 'spec', 'status'] }),
    merge('scale below zero', `${apps}/deployments/d/scale`, { spec: { replicas: -2 } }),
    merge(
      'scale by another kind',
      `${apps}/deployments/d/scale`,
      { kind: 'Deployment', spec: { replicas: 2 } },
      { only: ['kind', 'spec', 'message', 'reason'] },
    ),
    update('scale of another name', `${apps}/deployments/d/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'other' },
      spec: { replicas: 0 },
    }),
    update(
      'scale to zero',
      `${apps}/deployments/d/scale`,
      { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' }, spec: { replicas: 0 } },
      { only: ['kind', 'spec'] },
    ),
    get('scale of a stateful set', `${apps}/statefulsets/s/scale`, { only: ['kind', 'spec', 'status'] }),
    get('scale of a daemon set', `${apps}/daemonsets/ds/scale`),
    merge('fields of a stateful set', `${apps}/statefulsets/s`, { spec: { serviceName: 'other' } }),
    merge('a job that runs', `${batch}/jobs/j`, { spec: { completions: 5 } }),
    merge('status through the object', `${apps}/replicasets/r`, { status: { replicas: 9 } }, { only: ['status'] }),
    remove('delete', `${apps}/deployments/d`, { propagationPolicy: 'Background' }),
    gone('deleted', `${apps}/deployments/d`),
    remove('delete a job', `${batch}/jobs/j`, undefined, { only: ['kind', 'status', 'metadata.finalizers'] }),

    made('autoscaler v2', '/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'game.kruise.io/v1alpha1', kind: 'GameServerSet', name: 'g' } },
    }),
    made('autoscaler v1', '/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers', {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h1' },
      spec: {
        minReplicas: 1,
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 80,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      },
    }),
    get('autoscaler v1 as v2', '/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers/h1', {
      only: ['apiVersion', 'spec', 'message'],
    }),
    get('autoscaler v2 as v1', '/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers/h', {
      only: ['apiVersion', 'spec', 'message'],
    }),
    made('a bad autoscaler', '/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers', {
      metadata: { name: '{step}' },
      spec: { minReplicas: 5, maxReplicas: 3, scaleTargetRef: { kind: 'Deployment' } },
    }),
    made('disruption budget', '/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets', {
      metadata: { name: 'p' },
      spec: { minAvailable: 1, selector },
    }),
    made('a bad disruption budget', '/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets', {
      metadata: { name: '{step}' },
      spec: { minAvailable: 1, maxUnavailable: 1, selector },
    }),
    made('another bad disruption budget', '/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets', {
      metadata: { name: '{step}' },
      spec: { minAvailable: 'x', selector },
    }),
    made('pod template', '/api/v1/namespaces/{ns}/podtemplates', { metadata: { name: 't' }, template }),
    made('controller revision', `${apps}/controllerrevisions`, { metadata: { name: 'rev' }, revision: 1, data: { any: { thing: 1 } } }),
    merge('a changed revision', `${apps}/controllerrevisions/rev`, { data: { any: 2 } }),
    merge('a higher revision', `${apps}/controllerrevisions/rev`, { revision: 2 }, { only: ['revision', 'data'] }),
  ],
}
