import { annotations } from '../../apis/game.kruise.io/annotations.ts'
import type { ParameterRow, ServiceRow } from '../providers/service/row.ts'

const prefix = 'kubernetes.io/elb.'
const portName = (target: number, protocol: 'TCP' | 'UDP') => `${target}-${protocol.toLowerCase()}`

/** An annotation that is left out unless the user sets it. */
const text = (key: string): ParameterRow => ({ form: 'text', annotation: `${prefix}${key}` })

/**
 * Existing Huawei ELBs through CCE's service controller.
 * Contract: CCE user guide, annotations of Services; parameters of OpenKruiseGame's HwCloud-ELB.
 */
export const huaweiElb: ServiceRow = {
  provider: 'HwCloud-ELB',
  alias: 'ELB-Network',
  parameters: {
    ElbIds: { form: 'names', role: 'pools', required: true },
    PortProtocols: { form: 'ports', role: 'ports', required: true },
    Fixed: { form: 'boolean', role: 'fixed' },
    ExternalTrafficPolicyType: { form: 'choice', of: ['Cluster', 'Local'], role: 'externalTrafficPolicy', default: 'Cluster' },
    PublishNotReadyAddresses: { form: 'boolean', role: 'publishNotReady' },
    AllowNotReadyContainers: { form: 'names', role: 'allowNotReady' },
    ElbClass: { form: 'choice', of: ['dedicated', 'shared'], annotation: `${prefix}class`, default: 'dedicated' },
    ElbConnLimit: {
      form: 'integer',
      min: -1,
      max: 1_000_000,
      annotation: `${prefix}connection-limit`,
      default: '-1',
      when: { parameter: 'ElbClass', is: 'shared' },
    },
    ElbLbAlgorithm: {
      form: 'choice',
      of: ['ROUND_ROBIN', 'LEAST_CONNECTIONS', 'SOURCE_IP'],
      annotation: `${prefix}lb-algorithm`,
      default: 'ROUND_ROBIN',
    },
    ElbSessionAffinityFlag: { form: 'choice', of: ['on', 'off'], annotation: `${prefix}session-affinity-flag`, default: 'off' },
    ElbSessionAffinityOption: { form: 'json', annotation: `${prefix}session-affinity-option` },
    ElbTransparentClientIP: { form: 'boolean', annotation: `${prefix}enable-transparent-client-ip`, default: 'false' },
    ElbXForwardedHost: { form: 'boolean', annotation: `${prefix}x-forwarded-host`, default: 'false' },
    ElbIdleTimeout: { form: 'integer', min: 0, max: 4000, annotation: `${prefix}idle-timeout` },
    ElbRequestTimeout: { form: 'integer', min: 1, max: 300, annotation: `${prefix}request-timeout` },
    ElbResponseTimeout: { form: 'integer', min: 1, max: 300, annotation: `${prefix}response-timeout` },
    LBHealthCheckFlag: { form: 'choice', of: ['on', 'off'], annotation: `${prefix}health-check-flag`, default: 'on' },
    LBHealthCheckOption: { form: 'json', annotation: `${prefix}health-check-option`, when: { parameter: 'LBHealthCheckFlag', is: 'on' } },
    // The original declares these and does nothing with them.
    ElbAvailableZone: text('availability-zones'),
    ElbSubnetId: text('subnet-id'),
    ElbEipId: text('eip-id'),
    ElbKeepd: { form: 'boolean', annotation: `${prefix}keep-eip` },
    ElbEipAutoCreateOption: { form: 'json', annotation: `${prefix}eip-auto-create-option` },
    ElbTlsRef: text('default-tls-container-ref'),
    ElbEnableCrossVPC: { form: 'boolean', annotation: `${prefix}enable-cross-vpc`, when: { parameter: 'ElbClass', is: 'dedicated' } },
    ElbL4FlavorID: { ...text('l4-flavor-id'), when: { parameter: 'ElbClass', is: 'dedicated' } },
    ElbL7FlavorID: { ...text('l7-flavor-id'), when: { parameter: 'ElbClass', is: 'dedicated' } },
  },
  hashAnnotation: annotations.networkConfigHash,
  portName,
  loadBalancer: { cloud: 'huawei', range: 'hwcloud.elb', idAnnotation: `${prefix}id`, annotations: {} },
}

/** One existing ELB, or an ELB of its own for every server; all other parameters are the annotations themselves. */
export const huaweiCceElb: ServiceRow = {
  provider: 'HwCloud-CCE-ELB',
  alias: 'CCE-ELB-Network',
  parameters: {
    PortProtocols: { form: 'ports', role: 'ports', required: true },
    Fixed: { form: 'boolean', role: 'fixed' },
    ExternalTrafficPolicyType: { form: 'choice', of: ['Cluster', 'Local'], role: 'externalTrafficPolicy', default: 'Cluster' },
    AllowNotReadyContainers: { form: 'names', role: 'allowNotReady' },
    [`${prefix}id`]: { form: 'text', role: 'pools' },
    [`${prefix}autocreate`]: { form: 'json', role: 'create', annotation: `${prefix}autocreate` },
    [`${prefix}class`]: text('class'),
    [`${prefix}subnet-id`]: text('subnet-id'),
    [`${prefix}eip-id`]: text('eip-id'),
    [`${prefix}keep-eip`]: text('keep-eip'),
    [`${prefix}eip-auto-create-option`]: text('eip-auto-create-option'),
    [`${prefix}lb-algorithm`]: text('lb-algorithm'),
    [`${prefix}session-affinity-mode`]: text('session-affinity-mode'),
    [`${prefix}session-affinity-flag`]: text('session-affinity-flag'),
    [`${prefix}session-affinity-option`]: text('session-affinity-option'),
    [`${prefix}health-check-flag`]: text('health-check-flag'),
    [`${prefix}health-check-option`]: text('health-check-option'),
    [`${prefix}health-check-options`]: text('health-check-options'),
    [`${prefix}connection-drain-enable`]: text('connection-drain-enable'),
    [`${prefix}connection-drain-timeout`]: text('connection-drain-timeout'),
    [`${prefix}enable-transparent-client-ip`]: text('enable-transparent-client-ip'),
    [`${prefix}x-forwarded-host`]: text('x-forwarded-host'),
    [`${prefix}x-forwarded-port`]: text('x-forwarded-port'),
    [`${prefix}idle-timeout`]: text('idle-timeout'),
    [`${prefix}request-timeout`]: text('request-timeout'),
    [`${prefix}response-timeout`]: text('response-timeout'),
    [`${prefix}connection-limit`]: text('connection-limit'),
    [`${prefix}l4-flavor-id`]: text('l4-flavor-id'),
    [`${prefix}l7-flavor-id`]: text('l7-flavor-id'),
    [`${prefix}availability-zones`]: text('availability-zones'),
    [`${prefix}enable-cross-vpc`]: text('enable-cross-vpc'),
  },
  annotationPrefix: 'kubernetes.io/',
  hashAnnotation: annotations.networkConfigHash,
  portName,
  loadBalancer: { cloud: 'huawei', range: 'hwcloud.cce.elb', idAnnotation: `${prefix}id`, annotations: {} },
}
