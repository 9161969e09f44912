import { type Chapter, create, get, jsonPatch, merge, remove } from '../step.ts'

const maps = '/api/v1/namespaces/{ns}/configmaps'
const map = (name: string, labels: object = {}) => ({ metadata: { name, labels }, data: {} })
const since = `${maps}?watch=true&resourceVersion={a:metadata.resourceVersion}`

export const watches: Chapter = {
  name: 'watches',
  about: 'watches: where they begin, what they show, how they end and are refused',
  steps: [
    create('a', maps, map('a', { app: 'x' })),
    create('b', maps, map('b', { app: 'y' })),
    merge('b becomes x', `${maps}/b`, { metadata: { labels: { app: 'x' } } }),
    merge('a becomes y', `${maps}/a`, { metadata: { labels: { app: 'y' } } }),
    jsonPatch('b with a finalizer', `${maps}/b`, [{ op: 'add', path: '/metadata/finalizers', value: ['example.com/a'] }]),
    remove('b is deleted', `${maps}/b`),
    jsonPatch('b is let go', `${maps}/b`, [{ op: 'remove', path: '/metadata/finalizers' }]),
    get('from a version', since, { take: 6 }),
    get('from a version by label', `${since}&labelSelector=app%3Dx`, { take: 5 }),
    get('from a version by name', `${since}&fieldSelector=metadata.name%3Da`, { take: 1 }),
    get('one object', `${maps}/a?watch=true&resourceVersion={a:metadata.resourceVersion}`, { take: 1 }),
    get('the old path', '/api/v1/watch/namespaces/{ns}/configmaps/a?resourceVersion={a:metadata.resourceVersion}&timeoutSeconds=1', {
      only: ['message', 'code'],
    }),
    get('from now on', `${maps}?watch=true&fieldSelector=metadata.name%3Da`, { take: 1 }),
    get('from zero', `${maps}?watch=true&resourceVersion=0&fieldSelector=metadata.name%3Da`, { take: 1 }),
    get('ends in time', `${maps}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Da`),
    // Whether a second one is sent before the end is a matter of milliseconds.
    get('bookmarks', `${maps}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnone`, { take: 1 }),
    get(
      'initial events',
      `${maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Da`,
      {
        take: 2,
      },
    ),
    get(
      'initial events from zero',
      `${maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&resourceVersion=0&fieldSelector=metadata.name%3Dnone`,
      {
        take: 1,
      },
    ),
    get('initial events without bookmarks', `${maps}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`),
    get('initial events without match', `${maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true`),
    get(
      'no initial events',
      `${maps}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=1&fieldSelector=metadata.name%3Da`,
    ),
    get('match without initial events', `${maps}?watch=true&resourceVersionMatch=NotOlderThan`),
    get('exact match', `${maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=Exact&resourceVersion=1`),
    get('a version that is no number', `${maps}?watch=true&resourceVersion=x`),
    get('a version of the future', `${maps}?watch=true&resourceVersion=99999999999&timeoutSeconds=1`),
    get('as a table', `${since}&fieldSelector=metadata.name%3Da`, { take: 1, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    get('as tables', `${since}&includeObject=None`, { take: 2, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    get('as metadata', `${since}&fieldSelector=metadata.name%3Da`, {
      take: 1,
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    }),
    get(
      'bookmark as metadata',
      `${maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Dnone`,
      {
        take: 1,
        accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
      },
    ),
    get('with a bad selector', `${maps}?watch=true&labelSelector=a%20b%3D`),
    get('with a bad field', `${maps}?watch=true&fieldSelector=data.a%3D1`),
    get('with a bad timeout', `${maps}?watch=true&timeoutSeconds=x`),
    get('watch is one', `${maps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dnone`),
    get('watch is false', `${maps}?watch=false&fieldSelector=metadata.name%3Dnone`),
    get('watch is nonsense', `${maps}?watch=nonsense&fieldSelector=metadata.name%3Dnone&timeoutSeconds=1`),
    get('initial events of a list', `${maps}?sendInitialEvents=true`),
    get('one that is not there', `${maps}/none?watch=true&timeoutSeconds=1`),
    get('everywhere', `/api/v1/configmaps?watch=true&resourceVersion={a:metadata.resourceVersion}&labelSelector=app%3Dy`, { take: 2 }),
    get('of an unknown kind', '/api/v1/namespaces/{ns}/nopes?watch=true'),
  ],
}
