import { annotations } from '../../apis/game.kruise.io/annotations.ts'
import type { ServiceRow } from '../providers/service/row.ts'

const prefix = 'service.beta.kubernetes.io/volcengine-loadbalancer-'

/**
 * Volcengine CLB through VKE's cloud controller.
 * Contract: usage document of volcengine/volcengine-cloud-controller-manager; parameters of OpenKruiseGame's Volcengine-CLB.
 */
export const volcengineClb: ServiceRow = {
  provider: 'Volcengine-CLB',
  alias: 'CLB-Network',
  parameters: {
    ClbIds: { form: 'names', role: 'pools', required: true },
    PortProtocols: { form: 'ports', role: 'ports', required: true },
    Fixed: { form: 'boolean', role: 'fixed' },
    AllocateLoadBalancerNodePorts: { form: 'boolean', role: 'allocateNodePorts', default: 'true' },
    Annotations: { form: 'keyValues', role: 'annotations' },
    EnableClbScatter: { form: 'boolean', role: 'spread' },
    EnableMultiIngress: { form: 'boolean', role: 'everyIngress' },
    AllowNotReadyContainers: { form: 'names', role: 'allowNotReady' },
  },
  hashAnnotation: annotations.networkConfigHash,
  portName: (target, protocol) => `${target}-${protocol.toLowerCase()}`,
  loadBalancer: {
    cloud: 'volcengine',
    range: 'volcengine.clb',
    idAnnotation: `${prefix}id`,
    idLabel: `${prefix}id`,
    annotations: { [`${prefix}address-type`]: 'PUBLIC', [`${prefix}scheduler`]: 'wrr' },
  },
}
