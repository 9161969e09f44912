import type { Cloud } from './cloud.ts'

/** For Services that name no cloud: each gets a load balancer of its own, as the service controllers of kind and k3s do it. */
export const plain: Cloud = {
  name: 'plain',
  annotations: [],
  annotationPrefix: '',
  idPattern: /^/,
  create: 'always',
  newId: hex => `lb-${hex.slice(0, 12)}`,
  texts: {
    unknownId: 'load balancer {id} does not exist. {known}',
    noId: 'no load balancer to use',
    badCreate: 'cannot create a load balancer: {problem}',
    portConflict: 'port {port}/{protocol} of load balancer {id} is used by Service {holder}',
    quota: 'load balancer {id} has {quota} listeners already',
  },
}
