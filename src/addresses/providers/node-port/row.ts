import { annotations } from '../../../apis/game.kruise.io/annotations.ts'
import type { ServiceRow } from '../service/row.ts'

/** A NodePort Service per server: the node's address and a port Kubernetes chooses. */
export const nodePort: ServiceRow = {
  provider: 'Kubernetes-NodePort',
  alias: '',
  parameters: {
    PortProtocols: { form: 'ports', role: 'ports', required: true },
    Fixed: { form: 'boolean', role: 'fixed' },
    AllowNotReadyContainers: { form: 'names', role: 'allowNotReady' },
  },
  hashAnnotation: annotations.serviceHash,
  portName: (target, protocol) => (protocol === 'TCP' ? `${target}` : `${target}-udp`),
}
