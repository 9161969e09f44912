import { type FeatureGates, gatesText } from '../families/agones/feature-gates.ts'
import type { CloudProduct } from '../families/agones/cloud-product/cloud-product.ts'
import type { AgonesConfig } from '../families/agones/context.ts'
import type { Sidecar } from '../families/agones/game-server/new-pod.ts'

/** The version of Agones whose interface Berth offers. */
export const agonesVersion = '1.56.0'

/** Host ports as Agones has them where nobody says otherwise. */
export const defaultPorts = { min: 7000, max: 8000 }

/** How pods start the sidecar out of Berth's image: Node neither optimizes nor keeps much, for a game's few calls. */
export const sidecarCommand = ['/usr/bin/node', '--lite-mode', '--max-semi-space-size=1', '/usr/share/berth/berth-sdk-server.js']

/** What installations say, beside defaults. */
export interface AgonesParts {
  readonly sidecar: Pick<Sidecar, 'image' | 'imagePullPolicy' | 'command'>
  readonly cloudProduct: CloudProduct
  readonly gates: FeatureGates
  readonly ports: { readonly min: number; readonly max: number }
}

/** The Agones family with its defaults. */
export function agonesConfig({ sidecar, cloudProduct, gates, ports }: AgonesParts): AgonesConfig {
  return {
    sidecar: { ...sidecar, requests: { cpu: '30m' }, featureGates: gatesText(gates), requestRateLimit: '500ms' },
    sdkVersion: agonesVersion,
    portRanges: { default: { ...ports, blocked: [] } },
    cloudProduct,
    gates,
  }
}
