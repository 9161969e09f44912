import { apply, type Chapter, create, get, merge, remove, update } from '../step.ts'

const maps = '/api/v1/namespaces/{ns}/configmaps'
const at = (name: string, manager: string, more = ''): string => `${maps}/${name}?fieldManager=${manager}${more}`
const map = (name: string, data: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})
const deployments = '/apis/apps/v1/namespaces/{ns}/deployments'
const services = '/api/v1/namespaces/{ns}/services'
const deployment = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: { replicas: 0, paused: true, selector: { matchLabels: { app: 'd' } }, template: { metadata: { labels: { app: 'd' } }, spec } },
})

export const applying: Chapter = {
  name: 'apply',
  about: 'server-side apply: ownership, conflicts, force, giving up fields',
  shared: true,
  steps: [
    apply('creates', at('one', 'alice'), map('one', { a: '1', b: '1' }, { labels: { app: 'x' } })),
    apply('again', at('one', 'alice'), map('one', { a: '1', b: '1' }, { labels: { app: 'x' } })),
    apply('gives up a field', at('one', 'alice'), map('one', { a: '1' }, { labels: { app: 'x' } })),
    apply('another manager joins', at('one', 'bob'), map('one', { a: '1', c: '3' })),
    apply('conflict', at('one', 'bob'), map('one', { a: '2', c: '3' })),
    apply('conflict on two', at('one', 'carol'), map('one', { a: '2', c: '4' })),
    apply('force', at('one', 'carol', '&force=true'), map('one', { a: '2', c: '4' })),
    apply('owner is told', at('one', 'alice'), map('one', { a: '1' }, { labels: { app: 'x' } })),
    merge('someone patches', `${maps}/one?fieldManager=dave`, { data: { a: '9', d: '1' } }),
    apply('conflict with an update', at('one', 'carol'), map('one', { a: '2', c: '4' })),
    apply('takes the same value', at('one', 'carol'), map('one', { a: '9', c: '4' })),
    apply('gives up all', at('one', 'carol'), map('one', {})),
    apply('dry', at('one', 'erin', '&dryRun=All'), map('one', { e: '1' })),
    apply('with managed fields', at('one', 'erin'), map('one', {}, { managedFields: [] })),
    apply('with managed fields that say something', at('one', 'erin'), map('one', {}, { managedFields: [{ manager: 'x' }] })),
    apply('with another name', at('one', 'erin'), map('two', {})),
    apply('with another namespace', at('one', 'erin'), map('one', {}, { namespace: 'default' })),
    apply('without kind', at('one', 'erin'), { metadata: { name: 'one' } }),
    apply('without name', at('one', 'erin'), { apiVersion: 'v1', kind: 'ConfigMap', data: { z: '1' } }),
    apply('with another kind', at('one', 'erin'), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'one' } }),
    apply('with another version', at('one', 'erin'), { apiVersion: 'v9', kind: 'ConfigMap', metadata: { name: 'one' } }),
    apply('with a uid for something new', at('new', 'erin'), map('new', {}, { uid: '00000000-0000-0000-0000-000000000000' })),
    apply('with a resource version', at('one', 'erin'), map('one', { z: '1' }, { resourceVersion: '1' })),
    apply('with an unknown field', at('one', 'erin'), { ...map('one', {}), nope: 1 }),
    apply('with a wrong type', at('one', 'erin'), map('one', { a: 1 })),
    apply('with nothing', at('one', 'erin'), ''),
    apply('with garbage', at('one', 'erin'), '{'),
    apply('as YAML', at('yaml', 'erin'), 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n'),
    apply('with a long manager', at('one', 'm'.repeat(129)), map('one', {})),
    update('an update takes what it changes', `${maps}/one?fieldManager=frank`, map('one', { a: '10', new: '1' })),
    merge('managed fields cleared', `${maps}/one`, { metadata: { managedFields: [{}] } }),
    apply('after clearing', at('one', 'alice'), map('one', { a: '11' })),
    create('created by a plain write', `${maps}?fieldManager=kubectl-create`, map('plain', { a: '1' })),
    apply('applied onto it', at('plain', 'kubectl'), map('plain', { a: '1', b: '2' })),
    apply('finalizers are a set', at('plain', 'one'), map('plain', {}, { finalizers: ['example.com/a'] })),
    apply('of two', at('plain', 'two'), map('plain', {}, { finalizers: ['example.com/b'] })),
    apply('given up again', at('plain', 'one'), map('plain', {})),
    apply('and by two', at('plain', 'two'), map('plain', {})),

    apply(
      'a deployment',
      `${deployments}/d?fieldManager=alice`,
      deployment({ containers: [{ name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] }] }),
      {
        only: ['metadata.managedFields', 'metadata.generation', 'spec'],
      },
    ),
    apply('a container of another', `${deployments}/d?fieldManager=bob`, deployment({ containers: [{ name: 'b', image: 'b:1' }] }), {
      only: ['metadata.managedFields', 'metadata.generation', 'spec'],
    }),
    apply(
      'contested image',
      `${deployments}/d?fieldManager=bob`,
      deployment({
        containers: [
          { name: 'a', image: 'a:2' },
          { name: 'b', image: 'b:1' },
        ],
      }),
    ),
    apply('contested replicas', `${deployments}/d?fieldManager=carol`, {
      ...deployment({ containers: [{ name: 'a', image: 'a:1' }] }),
      spec: { replicas: 3 },
    }),
    apply('without the key of a list', `${deployments}/d?fieldManager=bob`, deployment({ containers: [{ image: 'b:1' }] })),
    apply(
      'the same key twice',
      `${deployments}/d?fieldManager=bob`,
      deployment({
        containers: [
          { name: 'b', image: 'b:1' },
          { name: 'b', image: 'b:2' },
        ],
      }),
    ),
    apply('the container goes', `${deployments}/d?fieldManager=bob`, deployment({ containers: [] }), {
      only: ['metadata.managedFields', 'metadata.generation', 'spec'],
    }),
    apply('scale by apply', `${deployments}/d/scale?fieldManager=hpa`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'd' },
      spec: { replicas: 1 },
    }),
    apply('a service', `${services}/s?fieldManager=alice`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { selector: { a: 'b' }, ports: [{ port: 80, protocol: 'TCP' }] },
    }),
    apply('a port without protocol', `${services}/s?fieldManager=bob`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: {
        ports: [
          { port: 81, name: 'b' },
          { port: 80, name: 'a' },
        ],
      },
    }),
    apply('a status', `/api/v1/namespaces/{ns}/services/s/status?fieldManager=lb`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
    }),
    apply('a status of what is not there', `/api/v1/namespaces/{ns}/services/none/status?fieldManager=lb`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'none' },
    }),
    get('all managers in the end', `${maps}/plain`),
    remove('the map goes', `${maps}/plain`),
  ],
}
