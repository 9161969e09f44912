import { type Chapter, create, get, type Step } from '../step.ts'

const maps = '/api/v1/namespaces/{ns}/configmaps'
const map = (name: string): Step => create(name, maps, { metadata: { name, labels: { app: 'x' } } }, { silent: true })
const names = [
  'kind',
  'message',
  'reason',
  'code',
  'details',
  'metadata.remainingItemCount',
  'metadata.continue',
  'items.0.metadata.name',
  'items.1.metadata.name',
]
const page = (name: string, query: string): Step => get(name, `${maps}?labelSelector=app%3Dx&${query}`, { only: names })

export const paging: Chapter = {
  name: 'paging',
  about: 'lists in pages, at versions, and as counts',
  steps: [
    ...['a', 'b', 'c', 'd', 'e'].map(map),
    page('first', 'limit=2'),
    page('second', 'limit=2&continue={first:metadata.continue}'),
    create('between', maps, { metadata: { name: 'bb', labels: { app: 'x' } } }, { silent: true }),
    page('second again', 'limit=2&continue={first:metadata.continue}'),
    page('third', 'limit=2&continue={second:metadata.continue}'),
    page('whole rest', 'continue={first:metadata.continue}'),
    page('limit of all', 'limit=100'),
    page('limit zero', 'limit=0'),
    page('limit negative', 'limit=-1'),
    page('limit nonsense', 'limit=x'),
    page('continue nonsense', 'continue=nonsense'),
    page('continue with a version', 'limit=2&continue={first:metadata.continue}&resourceVersion=1'),
    page('continue with version zero', 'limit=2&continue={first:metadata.continue}&resourceVersion=0'),
    page('version zero with limit', 'limit=2&resourceVersion=0'),
    page('exact', 'resourceVersion={e:metadata.resourceVersion}&resourceVersionMatch=Exact'),
    page('exact in pages', 'limit=1&resourceVersion={c:metadata.resourceVersion}&resourceVersionMatch=Exact'),
    page('exact in the past', 'resourceVersion={b:metadata.resourceVersion}&resourceVersionMatch=Exact'),
    page('not older', 'resourceVersion={e:metadata.resourceVersion}&resourceVersionMatch=NotOlderThan'),
    page('match without version', 'resourceVersionMatch=Exact'),
    page('exact zero', 'resourceVersion=0&resourceVersionMatch=Exact'),
    page('match nonsense', 'resourceVersion=1&resourceVersionMatch=Sideways'),
    page('match with continue', 'continue={first:metadata.continue}&resourceVersionMatch=Exact'),
    page('version nonsense', 'resourceVersion=x'),
    get('remaining without selector', `${maps}?limit=1`, { only: ['metadata.remainingItemCount', 'metadata.continue'] }),
    get('get at a version', `${maps}/a?resourceVersion={a:metadata.resourceVersion}`, { only: ['metadata.name'] }),
    get('get at a version of the future', `${maps}/a?resourceVersion=99999999999`),
    get('get at nonsense', `${maps}/a?resourceVersion=x`),
    get('list at a version of the future', `${maps}?resourceVersion=99999999999`),
  ],
}
