/** The feature gates of Agones, and which of them Berth lets be switched. Contract: Agones 1.56. Pure. */

interface Gate {
  readonly isOn: boolean
  /** What Berth does follows it. The others are what they are. */
  readonly isSwitch?: true
}

const known = {
  AutopilotPassthroughPort: { isOn: true, isSwitch: true },
  CountsAndLists: { isOn: true },
  DisableResyncOnSDKServer: { isOn: true },
  Example: { isOn: false },
  FleetAutoscaleRequestMetaData: { isOn: true },
  GKEAutopilotExtendedDurationPods: { isOn: true, isSwitch: true },
  PlayerAllocationFilter: { isOn: false },
  PlayerTracking: { isOn: false },
  PortPolicyNone: { isOn: true },
  PortRanges: { isOn: true },
  ProcessorAllocator: { isOn: false },
  RollingUpdateFix: { isOn: true },
  ScheduledAutoscaler: { isOn: true },
  SidecarContainers: { isOn: true },
  WasmAutoscaler: { isOn: false },
} as const satisfies Record<string, Gate>

export type FeatureGates = Readonly<Record<keyof typeof known, boolean>>

/** Every gate where it stands by itself. */
export const defaultGates = Object.fromEntries(Object.entries(known).map(([name, { isOn }]) => [name, isOn])) as FeatureGates

/**
 * Gates from a text such as `AutopilotPassthroughPort=false&PortRanges=true`; those it does not name are at their default.
 *
 * @throws RangeError for what is no such text, for unknown names, and for gates that cannot be switched here
 */
export function featureGates(text: string): FeatureGates {
  const said = text.split('&').flatMap(part => (part.trim() === '' ? [] : [gateOf(part.trim())]))
  return { ...defaultGates, ...Object.fromEntries(said) }
}

function gateOf(part: string): readonly [name: string, isOn: boolean] {
  const [, name = '', value = ''] = /^(\w+)=(true|false)$/i.exec(part) ?? []
  if (name === '') throw new RangeError(`${JSON.stringify(part)} must be the name of a gate, = and true or false.`)
  const gate: Gate | undefined = Object.hasOwn(known, name) ? known[name as keyof typeof known] : undefined
  if (gate === undefined) throw new RangeError(`There is no feature gate ${name}; there are ${Object.keys(known).join(', ')}.`)
  const isOn = value.toLowerCase() === 'true'
  if (gate.isSwitch !== true && isOn !== gate.isOn) throw new RangeError(`${name} is always ${gate.isOn ? 'on' : 'off'} here.`)
  return [name, isOn]
}

/** All gates, as `A=true&B=false`: sidecars of Agones end at names they do not know. */
export function gatesText(gates: FeatureGates): string {
  return Object.entries(gates)
    .map(([name, isOn]) => `${name}=${isOn}`)
    .toSorted()
    .join('&')
}
