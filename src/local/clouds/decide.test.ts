import { describe, expect, it } from 'vitest'
import type { Service } from '../../apis/core/types.generated.ts'
import { decideClaim } from './decide.ts'
import { huawei } from './huawei.ts'
import { plain } from './plain.ts'
import { volcengine } from './volcengine.ts'

const service = (annotations: Record<string, string>, spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'room-0',
    namespace: 'default',
    uid: '00000000-1111-2222-3333-444444444444',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    annotations,
  },
  spec: { type: 'LoadBalancer', ports: [{ port: 551, protocol: 'TCP' }, { port: 551, protocol: 'UDP' }, { port: 80 }], ...spec },
})

const clbId = 'service.beta.kubernetes.io/volcengine-loadbalancer-id'
const listed = { loadBalancers: { volcengine: ['clb-a', 'clb-b'], huawei: [] } }

describe('what a Service asks of the clouds', () => {
  it.each([
    ['no load balancer', service({}, { type: 'ClusterIP' }), {}, { kind: 'none' }],
    ['a class of somebody else', service({}, { loadBalancerClass: 'example.com/lb' }), {}, { kind: 'none' }],
    [
      'no cloud: one of its own',
      service({}),
      {},
      {
        kind: 'use',
        cloud: plain,
        balancer: 'plain/lb-000000001111',
        own: true,
        ports: [
          { port: 551, protocol: 'TCP' },
          { port: 551, protocol: 'UDP' },
          { port: 80, protocol: 'TCP' },
        ],
      },
    ],
    [
      'Volcengine by id',
      service({ [clbId]: 'clb-xyz' }),
      {},
      { kind: 'use', cloud: volcengine, balancer: 'volcengine/clb-xyz', id: 'clb-xyz', own: false },
    ],
    [
      'Volcengine by class',
      service({}, { loadBalancerClass: 'volcengine.com/clb' }),
      {},
      { kind: 'use', cloud: volcengine, id: 'clb-00000000111122223333', own: true },
    ],
    [
      'Volcengine by another annotation',
      service({ 'service.beta.kubernetes.io/volcengine-loadbalancer-name': 'x' }),
      {},
      { kind: 'use', cloud: volcengine, own: true },
    ],
    [
      'an id that does not look right',
      service({ [clbId]: 'lb-1' }),
      {},
      {
        kind: 'refused',
        message: 'InvalidLoadBalancerId.NotFound: the specified CLB lb-1 does not exist. Ids look like clb-0123456789abcdef0123',
      },
    ],
    ['a listed id', service({ [clbId]: 'clb-b' }), listed, { kind: 'use', id: 'clb-b' }],
    [
      'an unlisted id',
      service({ [clbId]: 'clb-c' }),
      listed,
      { kind: 'refused', message: 'InvalidLoadBalancerId.NotFound: the specified CLB clb-c does not exist. There are: clb-a, clb-b' },
    ],
    [
      'an existing ELB',
      service({ 'kubernetes.io/elb.class': 'performance', 'kubernetes.io/elb.id': '8f4cf216-a659-40dc-8c77-xxxx' }),
      {},
      { kind: 'use', cloud: huawei, balancer: 'huawei/8f4cf216-a659-40dc-8c77-xxxx', own: false },
    ],
    [
      'an ELB where there is none',
      service({ 'kubernetes.io/elb.id': 'x' }),
      listed,
      { kind: 'refused', message: 'ELB.8907: loadbalancer x could not be found. There are none' },
    ],
    [
      'an ELB class alone',
      service({ 'kubernetes.io/elb.class': 'union' }),
      {},
      { kind: 'refused', message: 'neither kubernetes.io/elb.id nor kubernetes.io/elb.autocreate is set: no ELB to use' },
    ],
    [
      'a new ELB',
      service({ 'kubernetes.io/elb.autocreate': '{"type":"public"}' }),
      listed,
      { kind: 'use', id: '00000000-1111-2222-3333-444444444444', own: true },
    ],
    [
      'a new ELB that was written into the Service',
      service({ 'kubernetes.io/elb.autocreate': '{}', 'kubernetes.io/elb.id': '00000000-1111-2222-3333-444444444444' }),
      listed,
      { kind: 'use', own: true },
    ],
    ['a new ELB, badly asked for', service({ 'kubernetes.io/elb.autocreate': '{type:' }), {}, { kind: 'refused' }],
    [
      'a new ELB, asked for by a list',
      service({ 'kubernetes.io/elb.autocreate': '[]' }),
      {},
      { kind: 'refused', message: 'annotation kubernetes.io/elb.autocreate cannot be used: it is not a JSON object' },
    ],
  ])('%s', (_what, object, options, expected) => {
    expect(decideClaim(object, [volcengine, huawei], plain, options)).toMatchObject(expected)
  })
})
