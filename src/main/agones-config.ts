import type { AgonesConfig } from '../families/agones/context.ts'
import type { Sidecar } from '../families/agones/game-server/new-pod.ts'

/** The version of Agones whose interface Berth offers. */
export const agonesVersion = '1.56.0'

/** Host ports as Agones has them where nobody says otherwise. */
const defaultPorts = { min: 7000, max: 8000 }

/** How pods start the sidecar out of Berth's image: Node neither optimizes nor keeps much, for a game's few calls. */
export const sidecarCommand = ['/usr/bin/node', '--lite-mode', '--max-semi-space-size=1', '/usr/share/berth/berth-sdk-server.js']

/** The Agones family with its defaults. */
export function agonesConfig(sidecar: Pick<Sidecar, 'image' | 'imagePullPolicy' | 'command'>, ports = defaultPorts): AgonesConfig {
  return {
    sidecar: { ...sidecar, requests: { cpu: '30m' }, featureGates: featureGates(), requestRateLimit: '500ms' },
    sdkVersion: agonesVersion,
    portRanges: { default: { ...ports, blocked: [] } },
  }
}

/** The gates of Agones and where they stand; sidecars of Agones end at names they do not know. */
function featureGates(): string {
  const on = [
    'AutopilotPassthroughPort',
    'CountsAndLists',
    'DisableResyncOnSDKServer',
    'FleetAutoscaleRequestMetaData',
    'GKEAutopilotExtendedDurationPods',
    'PortPolicyNone',
    'PortRanges',
    'RollingUpdateFix',
    'ScheduledAutoscaler',
    'SidecarContainers',
  ]
  const off = ['Example', 'PlayerAllocationFilter', 'PlayerTracking', 'ProcessorAllocator', 'WasmAutoscaler']
  return [...on.map(name => `${name}=true`), ...off.map(name => `${name}=false`)].toSorted().join('&')
}
