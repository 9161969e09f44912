import type { Cloud } from './cloud.ts'

const prefix = 'kubernetes.io/elb.'

/** Huawei ELB as CCE's service controller drives it. Contract: CCE user guide, "Using annotations to configure load balancing". */
export const huawei: Cloud = {
  name: 'huawei',
  annotations: [`${prefix}id`, `${prefix}class`, `${prefix}autocreate`],
  annotationPrefix: prefix,
  idAnnotation: `${prefix}id`,
  idPattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  create: { annotation: `${prefix}autocreate` },
  newId: hex => [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-'),
  texts: {
    unknownId: 'ELB.8907: loadbalancer {id} could not be found. {known}',
    noId: 'neither {idAnnotation} nor {createAnnotation} is set: no ELB to use',
    badCreate: 'annotation {createAnnotation} cannot be used: {problem}',
    portConflict: 'ELB.8904: listener {protocol}:{port} of ELB {id} already exists, it belongs to Service {holder}',
    quota: 'ELB.8905: quota exceeded for listeners: ELB {id} has {quota} already',
  },
}
