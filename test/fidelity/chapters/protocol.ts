import { type Chapter, create, get, merge, remove, type Step, update } from '../step.ts'

const maps = '/api/v1/namespaces/{ns}/configmaps'
const json = 'application/json'
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
/** As kubectl asks. */
const kubectl = `${table},application/json;as=Table;v=v1beta1;g=meta.k8s.io,${json}`
const metadata = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
const metadataList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'

export const protocol: Chapter = {
  name: 'protocol',
  about: 'paths, methods and media types that are not there, versions and health',
  steps: [
    create('map', maps, { metadata: { name: 'one' }, data: { a: '1' } }),
    get('an unknown kind', '/api/v1/namespaces/{ns}/nopes'),
    get('an unknown object of an unknown kind', '/api/v1/namespaces/{ns}/nopes/x'),
    get('an unknown group', '/apis/nope.example.com/v1/things'),
    get('an unknown group alone', '/apis/nope.example.com'),
    get('an unknown version', '/apis/apps/v9/deployments'),
    get('an unknown core version', '/api/v9/pods'),
    get('an unknown path', '/nope'),
    get('an unknown subresource', `${maps}/one/status`),
    get('a part too many', `${maps}/one/a/b`),
    create('an unknown kind by post', '/api/v1/namespaces/{ns}/nopes', {}),
    remove('an unknown kind by delete', '/api/v1/namespaces/{ns}/nopes/x'),
    get('a cluster kind in a namespace', '/api/v1/namespaces/{ns}/nodes'),
    get('a namespaced kind at the cluster by name', '/api/v1/configmaps/one'),
    create('a namespaced kind at the cluster', '/api/v1/configmaps', { metadata: { name: '{step}' } }),
    create('a namespaced kind at the cluster with a namespace', '/api/v1/configmaps', { metadata: { name: '{step}', namespace: '{ns}' } }),
    remove('a delete at the cluster', '/api/v1/configmaps'),
    update('a put on a collection', maps, {}),
    merge('a patch on a collection', maps, {}),
    create('a post on an object', `${maps}/one`, {}),
    create('a post on discovery', '/apis', {}, { only: ['kind', 'message'] }),
    create('a post on a version', '/version', {}),
    get('a list of something only made', '/apis/authentication.k8s.io/v1/tokenreviews'),
    get('a trailing slash', `${maps}/`),
    get('a double slash', '/api/v1//namespaces'),
    get('an escaped name', `${maps}/o%6ee`, { only: ['metadata.name'] }),
    get('a name with odd letters', `${maps}/a%20b`),

    get('accept nothing we have', `${maps}/one`, { accept: 'text/html' }),
    get('accept anything', `${maps}/one`, { accept: '*/*' }),
    get('accept any application', `${maps}/one`, { accept: 'application/*' }),
    get('accept a list', `${maps}/one`, { accept: 'text/html, application/json;q=0.9' }),
    get('accept YAML', `${maps}/one`, { accept: 'application/yaml' }),
    get('accept a pretty one', `${maps}/one?pretty=1`),
    get('accept as kubectl', `${maps}/one`, { accept: kubectl }),
    get('accept a table of a list', maps, { accept: kubectl, only: ['kind', 'apiVersion', 'columnDefinitions'] }),
    get('accept a table without objects', `${maps}/one?includeObject=None`, { accept: table }),
    get('accept a table with objects', `${maps}/one?includeObject=Object`, { accept: table }),
    get('accept a table with nonsense', `${maps}/one?includeObject=Some`, { accept: table }),
    get('accept an old table', `${maps}/one`, { accept: 'application/json;as=Table;v=v1beta1;g=meta.k8s.io' }),
    get('accept an unknown table', `${maps}/one`, { accept: 'application/json;as=Table;v=v9;g=meta.k8s.io' }),
    get('accept an unknown form', `${maps}/one`, { accept: 'application/json;as=Poem;v=v1;g=meta.k8s.io' }),
    get('accept metadata', `${maps}/one`, { accept: metadata }),
    get('accept metadata of a list', `${maps}?fieldSelector=metadata.name%3Done`, { accept: metadataList }),
    get('accept metadata of a list by the wrong name', `${maps}?fieldSelector=metadata.name%3Done`, { accept: metadata }),
    get('accept metadata list of one', `${maps}/one`, { accept: metadataList }),
    get('a table of nothing', `${maps}/none`, { accept: kubectl }),
    create('a table of what is made', maps, { metadata: { name: 'two' } }, { accept: table }),
    remove('a table of what is deleted', `${maps}/two`, undefined, { accept: table }),
    remove('metadata of what is deleted', `${maps}/one?dryRun=All`, undefined, { accept: metadata }),

    get('version', '/version', { only: ['major', 'minor', 'platform'] }),
    get('health', '/healthz'),
    get('live', '/livez'),
    get('ready', '/readyz'),
    get('one check', '/readyz/ping'),
    get('a check that is not there', '/readyz/nope'),
    get('health by word', '/readyz?verbose=true', { only: ['kind'] }),
  ],
}

const wrong = (name: string, mode: string, body: unknown): Step => create(name, `${maps}?fieldValidation=${mode}`, body)
const pods = '/api/v1/namespaces/{ns}/pods'

export const fieldValidation: Chapter = {
  name: 'field-validation',
  about: 'unknown and doubled fields: refused, warned of, ignored; other warnings',
  steps: [
    wrong('unknown strictly', 'Strict', { metadata: { name: 'a', nope: 1 }, data: {}, nope: 2 }),
    wrong('unknown with a warning', 'Warn', { metadata: { name: 'b', nope: 1 }, nope: 2 }),
    wrong('unknown ignored', 'Ignore', { metadata: { name: 'c' }, nope: 2 }),
    create('unknown by default', maps, { metadata: { name: 'd' }, nope: 2 }),
    wrong('an unknown mode', 'Sometimes', { metadata: { name: 'e' } }),
    wrong('doubled strictly', 'Strict', '{"metadata":{"name":"f"},"data":{"a":"1","a":"2"}}'),
    wrong('doubled with a warning', 'Warn', '{"metadata":{"name":"g"},"data":{"a":"1"},"data":{"b":"2"}}'),
    wrong('doubled ignored', 'Ignore', '{"metadata":{"name":"h"},"data":{"a":"1","a":"2"}}'),
    wrong('a wrong case', 'Strict', { Metadata: { name: 'i' }, metadata: { name: 'i' } }),
    create('doubled YAML', `${maps}?fieldValidation=Strict`, 'metadata:\n  name: j\ndata:\n  a: "1"\n  a: "2"\n', {
      type: 'application/yaml',
    }),
    create('deep in a pod', `${pods}?fieldValidation=Strict`, {
      metadata: { name: 'k' },
      spec: { containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 1, nope: 1 }], imag: 'x' }] },
    }),
    create('warnings in a pod', pods, {
      metadata: { name: 'l', annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'x' } },
      spec: {
        schedulerName: 'nobody',
        nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'a',
            image: 'a',
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
            ],
            ports: [{ containerPort: 80 }, { containerPort: 80 }],
          },
        ],
      },
    }),
    merge('strict merge', `${maps}/d?fieldValidation=Strict`, { data: { a: '1' }, nope: 1 }),
    merge('warned merge', `${maps}/d?fieldValidation=Warn`, { data: { a: '2' }, nope: 1 }),
    update('strict update', `${maps}/d?fieldValidation=Strict`, { metadata: { name: 'd' }, nope: 1 }),
    create('deprecated', '/api/v1/namespaces/{ns}/endpoints', { metadata: { name: 'e' } }),
    get('deprecated list', '/api/v1/componentstatuses', { only: ['kind'] }),
    create('many', `${maps}?fieldValidation=Strict`, {
      metadata: { name: 'm' },
      a: 1,
      b: 2,
      c: 3,
      d: 4,
      e: 5,
      f: 6,
      g: 7,
      h: 8,
      i: 9,
      j: 10,
      k: 11,
      l: 12,
    }),
    create('many with a warning', `${maps}?fieldValidation=Warn`, { metadata: { name: 'm' }, a: 1, b: 2, 'k"ö': 3 }),
  ],
}
