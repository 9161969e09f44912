import { type Chapter, create, get, type Step } from '../step.ts'

const maps = '/api/v1/namespaces/{ns}/configmaps'
const pods = '/api/v1/namespaces/{ns}/pods'
const events = '/api/v1/namespaces/{ns}/events'
const map = (name: string, labels: object): Step => create(name, maps, { metadata: { name, labels } }, { silent: true })
const pod = (name: string, labels: object): Step =>
  create(
    `pod ${name}`,
    pods,
    { metadata: { name, labels }, spec: { schedulerName: 'nobody', containers: [{ name: 'game', image: 'game:1' }] } },
    { silent: true },
  )
const by = (path: string, selector: string): Step =>
  get(
    `${path === maps ? 'maps' : path === pods ? 'pods' : 'events'} by label ${selector}`,
    `${path}?labelSelector=${encodeURIComponent(selector)}`,
    {
      only: ['items.0.metadata.name', 'items.1.metadata.name', 'items.2.metadata.name', 'kind', 'message', 'reason'],
    },
  )
const byField = (path: string, selector: string): Step =>
  get(
    `${path === maps ? 'maps' : path === pods ? 'pods' : 'events'} by field ${selector}`,
    `${path}?fieldSelector=${encodeURIComponent(selector)}`,
    {
      only: ['items.0.metadata.name', 'items.1.metadata.name', 'items.2.metadata.name', 'kind', 'message', 'reason'],
    },
  )

export const selectors: Chapter = {
  name: 'selectors',
  about: 'label selectors, field selectors and how they are refused',
  steps: [
    map('a', { app: 'x', tier: '1' }),
    map('b', { app: 'x', tier: '2' }),
    map('c', { app: 'y' }),
    pod('p', { app: 'x' }),
    pod('q', { app: 'y' }),
    by(maps, 'app=x'),
    by(maps, 'app==x,tier=1'),
    by(maps, 'app!=x,tier'),
    by(maps, 'app,!tier'),
    by(maps, 'app in (x, y),tier notin (1)'),
    by(maps, 'tier>1'),
    by(maps, 'tier<2'),
    by(maps, 'app=none'),
    by(maps, 'app='),
    by(maps, 'app in x'),
    by(maps, '=x'),
    by(maps, 'app=x,'),
    by(maps, 'app=bad value'),
    by(maps, 'a b=c'),
    by(maps, 'tier>x'),
    by(maps, 'app in ()'),
    by(maps, '!'),
    by(maps, 'app=x=y'),
    by(maps, 'UP.com/app=x'),
    byField(maps, 'metadata.name=a'),
    byField(maps, 'metadata.name!=a,metadata.namespace=fidelity-selectors'),
    byField(maps, 'metadata.name='),
    byField(maps, 'data.a=1'),
    byField(maps, 'metadata.labels.app=x'),
    byField(maps, 'nonsense'),
    byField(pods, 'status.phase=Pending'),
    byField(pods, 'status.phase!=Pending'),
    byField(pods, 'spec.nodeName='),
    byField(pods, 'spec.schedulerName=nobody,metadata.name=q'),
    byField(pods, 'spec.restartPolicy=Always'),
    byField(pods, 'spec.serviceAccountName=default'),
    byField(pods, 'spec.hostNetwork=false'),
    byField(pods, 'status.podIP='),
    byField(pods, 'spec.nope=1'),
    byField(events, 'involvedObject.name=p,type!=Warning'),
    byField(events, 'involvedObject.nope=p'),
    byField(events, 'reason=x,source=y,reportingComponent=z'),
    get('namespaces by field', '/api/v1/namespaces?fieldSelector=metadata.name%3Dfidelity-selectors', { only: ['items.0.metadata.name'] }),
    get('namespaces by phase', '/api/v1/namespaces?fieldSelector=status.phase%3DActive,metadata.name%3Dfidelity-selectors', {
      only: ['items.0.metadata.name', 'message'],
    }),
    get('nodes by field', '/api/v1/nodes?fieldSelector=spec.unschedulable%3Dtrue', { only: ['kind', 'items', 'message'] }),
    get('secrets by type', '/api/v1/namespaces/{ns}/secrets?fieldSelector=type%3DOpaque', { only: ['kind', 'items', 'message'] }),
    get('services by type', '/api/v1/namespaces/{ns}/services?fieldSelector=spec.type%3DClusterIP', { only: ['kind', 'items', 'message'] }),
    get('jobs by field', '/apis/batch/v1/namespaces/{ns}/jobs?fieldSelector=status.successful%3D1', { only: ['kind', 'items', 'message'] }),
    get('deployments by field', '/apis/apps/v1/namespaces/{ns}/deployments?fieldSelector=spec.replicas%3D1', {
      only: ['kind', 'items', 'message'],
    }),
    get('replica sets by field', '/apis/apps/v1/namespaces/{ns}/replicasets?fieldSelector=status.replicas%3D1', {
      only: ['kind', 'items', 'message'],
    }),
    get('all namespaces', '/api/v1/configmaps?labelSelector=app%3Dy', {
      only: ['kind', 'items.0.metadata.name', 'items.0.metadata.namespace'],
    }),
  ],
}
