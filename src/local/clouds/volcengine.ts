import type { Cloud } from './cloud.ts'

const prefix = 'service.beta.kubernetes.io/volcengine-loadbalancer-'

/** Volcengine CLB. Contract: usage document of volcengine/volcengine-cloud-controller-manager. */
export const volcengine: Cloud = {
  name: 'volcengine',
  annotations: [`${prefix}id`],
  annotationPrefix: prefix,
  loadBalancerClass: 'volcengine.com/clb',
  idAnnotation: `${prefix}id`,
  idLabel: `${prefix}id`,
  idPattern: /^clb-[A-Za-z0-9-]+$/,
  create: 'always',
  newId: hex => `clb-${hex.slice(0, 20)}`,
  texts: {
    unknownId: 'InvalidLoadBalancerId.NotFound: the specified CLB {id} does not exist. {known}',
    noId: 'annotation {idAnnotation} names no CLB',
    badCreate: 'cannot create a CLB: {problem}',
    portConflict: 'ListenerAlreadyExists: port {port}/{protocol} of CLB {id} is used by Service {holder}',
    quota: 'QuotaExceeded.Listener: CLB {id} has {quota} listeners already',
  },
}
