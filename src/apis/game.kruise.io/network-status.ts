import { s } from '../../schema/builder.ts'
import type { Infer } from '../../schema/builder.ts'

const port = s.object({
  name: s.string({ description: 'Name of the port as the network type publishes it.' }),
  protocol: s.optional(s.string({ description: 'TCP or UDP.' })),
  port: s.optional(s.intOrString({ description: 'Number of the port; a text where one rule maps several ports.' })),
})

const portRange = s.object({
  protocol: s.optional(s.string({ description: 'TCP or UDP.' })),
  portRange: s.string({ description: 'First and last port as text.' }),
})

const address = s.object({
  ip: s.string({ description: 'IP address; empty when the address is a host name.' }),
  ports: s.optional(s.list(port, { description: 'Ports reachable at the address.' })),
  portRange: s.optional({ ...portRange, description: 'Range of ports reachable at the address.' }),
  endPoint: s.optional(s.string({ description: 'Host name, or the complete address as text.' })),
})

/** The same type in `GameServer.status.networkStatus` and in the pod annotation `game.kruise.io/network-status`. */
export const networkStatusSchema = s.object(
  {
    networkType: s.optional(s.string({ description: 'Name of the network type.' })),
    internalAddresses: s.optional(s.list(address, { description: 'Addresses inside the cluster.' })),
    externalAddresses: s.optional(s.list(address, { description: 'Addresses players connect to.' })),
    desiredNetworkState: s.optional(s.string({ description: 'Ready, or NotReady while the network is switched off.' })),
    currentNetworkState: s.optional(
      s.string({
        description: 'NotReady: being built or off. Waiting: another controller has to deliver. Ready: the addresses are valid.',
      }),
    ),
    createTime: s.optional(s.nullable(s.time({ description: 'When the network was first asked for.' }))),
    lastTransitionTime: s.optional(s.nullable(s.time({ description: 'When the desired state last changed.' }))),
  },
  { description: 'The addresses of the game server.' },
)

export type NetworkStatus = Infer<typeof networkStatusSchema>
export type NetworkAddress = Infer<typeof address>
