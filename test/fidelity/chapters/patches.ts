import { apply, type Chapter, create, get, jsonPatch, merge, strategic } from '../step.ts'

const maps = '/api/v1/namespaces/{ns}/configmaps'
const map = `${maps}/one`
const pod = '/api/v1/namespaces/{ns}/pods/p'
const services = '/api/v1/namespaces/{ns}/services'
const container = (name: string, image = 'game:1') => ({ name, image })

export const patches: Chapter = {
  name: 'patches',
  about: 'merge, strategic merge and JSON patches; how each is refused',
  steps: [
    create('create', maps, { metadata: { name: 'one', labels: { a: '1' }, finalizers: ['example.com/a'] }, data: { a: '1', b: '2' } }),
    merge('merge', map, { data: { a: null, c: '3' }, metadata: { labels: { b: '2' } } }),
    merge('merge nothing', map, {}),
    merge('merge the same', map, { data: { c: '3' } }),
    merge('merge under a manager', `${map}?fieldManager=alice`, { data: { d: '4' } }),
    merge('merge at an old version', map, { metadata: { resourceVersion: '{create:metadata.resourceVersion}' }, data: { x: '1' } }),
    merge('merge at the version', map, {
      metadata: { resourceVersion: '{merge under a manager:metadata.resourceVersion}' },
      data: { x: '1' },
    }),
    merge('merge another name', map, { metadata: { name: 'two' } }),
    merge('merge another namespace', map, { metadata: { namespace: 'default' } }),
    merge('merge another uid', map, { metadata: { uid: '00000000-0000-0000-0000-000000000000' } }),
    merge('merge another kind', map, { kind: 'Secret' }),
    merge('merge a number', map, { data: { a: 1 } }),
    merge('merge a text over labels', map, { metadata: { labels: 'x' } }),
    merge('merge an array', map, []),
    merge('merge text', map, '"x"'),
    merge('merge null', map, 'null'),
    merge('merge garbage', map, '{'),
    merge('merge empty', map, ''),
    merge('merge what is not there', `${maps}/none`, {}),
    merge('merge a collection', maps, {}),
    merge('merge dry', `${map}?dryRun=All`, { data: { dry: '1' } }),
    merge('merge with force', `${map}?force=true`, { data: { dry: '1' } }),
    merge('merge an unknown field', map, { nope: 1 }),
    merge('merge an unknown field strictly', `${map}?fieldValidation=Strict`, { nope: 1, data: { e: '1' } }),
    merge('merge invalid labels', map, { metadata: { labels: { 'a b': '1' } } }),
    merge('merge labels away', map, { metadata: { labels: null } }),

    jsonPatch('json', map, [
      { op: 'test', path: '/data/b', value: '2' },
      { op: 'add', path: '/data/e', value: '5' },
      { op: 'replace', path: '/data/b', value: '6' },
      { op: 'remove', path: '/data/c' },
      { op: 'copy', from: '/data/e', path: '/data/f' },
      { op: 'move', from: '/data/f', path: '/data/g' },
    ]),
    jsonPatch('json test fails', map, [{ op: 'test', path: '/data/b', value: '7' }]),
    jsonPatch('json remove of nothing', map, [{ op: 'remove', path: '/data/none' }]),
    jsonPatch('json replace of nothing', map, [{ op: 'replace', path: '/data/none', value: '1' }]),
    jsonPatch('json add without a parent', map, [{ op: 'add', path: '/spec/x/y', value: '1' }]),
    jsonPatch('json escaped path', map, [{ op: 'add', path: '/metadata/annotations', value: { 'a.com/b': '1' } }]),
    jsonPatch('json into the escaped path', map, [{ op: 'add', path: '/metadata/annotations/a.com~1c', value: '2' }]),
    jsonPatch('json unknown operation', map, [{ op: 'swap', path: '/data/b' }]),
    jsonPatch('json no path', map, [{ op: 'add', value: 1 }]),
    jsonPatch('json no array', map, { op: 'add' }),
    jsonPatch('json garbage', map, '['),
    jsonPatch('json empty list', map, []),
    jsonPatch('json list append', map, [{ op: 'add', path: '/metadata/finalizers/-', value: 'example.com/b' }]),
    jsonPatch('json list insert', map, [{ op: 'add', path: '/metadata/finalizers/0', value: 'example.com/c' }]),
    jsonPatch('json list index too large', map, [{ op: 'add', path: '/metadata/finalizers/9', value: 'example.com/d' }]),
    jsonPatch('json finalizers away', map, [{ op: 'remove', path: '/metadata/finalizers' }]),
    jsonPatch('json type change', map, [{ op: 'replace', path: '/data', value: 'x' }]),
    jsonPatch('json an unknown field strictly', `${map}?fieldValidation=Strict`, [{ op: 'add', path: '/nope', value: 'x' }]),

    create('a pod', '/api/v1/namespaces/{ns}/pods', {
      metadata: { name: 'p' },
      spec: {
        schedulerName: 'nobody',
        containers: [{ ...container('game'), env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] }, container('side')],
        tolerations: [{ key: 'a', operator: 'Exists' }],
      },
    }),
    strategic('strategic image by name', pod, { spec: { containers: [{ name: 'side', image: 'side:2' }] } }),
    strategic('strategic order', pod, {
      spec: { '$setElementOrder/containers': [{ name: 'game' }, { name: 'side' }], containers: [container('game', 'game:2')] },
    }),
    strategic('strategic wrong order', pod, {
      spec: { '$setElementOrder/containers': [{ name: 'side' }], containers: [container('game', 'game:3')] },
    }),
    strategic('strategic unknown container', pod, { spec: { containers: [container('new')] } }),
    strategic('strategic without merge key', pod, { spec: { containers: [{ image: 'x' }] } }),
    strategic('strategic replace', pod, { spec: { tolerations: [{ key: 'b', operator: 'Exists' }] } }),
    strategic('strategic delete of a container', pod, { spec: { containers: [{ name: 'side', $patch: 'delete' }] } }),
    strategic('strategic finalizers', pod, { metadata: { finalizers: ['example.com/a'] } }),
    strategic('strategic more finalizers', pod, { metadata: { finalizers: ['example.com/b'] } }),
    strategic('strategic delete from primitives', pod, {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a', 'example.com/b'] },
    }),
    strategic('strategic retain keys', '/api/v1/namespaces/{ns}/pods/p', { metadata: { labels: { $patch: 'replace', only: 'this' } } }),
    strategic('strategic bad directive', pod, { metadata: { labels: { $patch: 'sideways' } } }),
    strategic('strategic array', pod, []),
    strategic('strategic garbage', pod, '{'),
    strategic('strategic wrong type', pod, { spec: { containers: 'x' } }),
    strategic('strategic unknown field strictly', `${pod}?fieldValidation=Strict`, { spec: { nope: 1 } }),
    strategic('strategic null value', pod, { metadata: { labels: { only: null } } }),
    create('a service', services, {
      metadata: { name: 's' },
      spec: {
        selector: { app: 'x' },
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ],
      },
    }),
    strategic('strategic port by key', `${services}/s`, {
      spec: {
        ports: [
          { port: 81, targetPort: 9 },
          { port: 82, name: 'c' },
        ],
      },
    }),
    strategic('strategic port delete', `${services}/s`, { spec: { ports: [{ port: 82, $patch: 'delete' }] } }),
    merge('merge ports', `${services}/s`, { spec: { ports: [{ port: 90 }] } }),

    { name: 'unknown patch type', method: 'PATCH', path: map, body: {}, type: 'application/json' },
    { name: 'text patch type', method: 'PATCH', path: map, body: {}, type: 'text/plain' },
    apply('apply without a manager', map, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } }),
    get('as it is now', map),
  ],
}
