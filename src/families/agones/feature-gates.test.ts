import { describe, expect, it } from 'vitest'
import { defaultGates, featureGates, gatesText } from './feature-gates.ts'

describe('featureGates', () => {
  it.each([
    ['', {}],
    ['AutopilotPassthroughPort=false', { AutopilotPassthroughPort: false }],
    [
      'AutopilotPassthroughPort=False&GKEAutopilotExtendedDurationPods=false',
      { AutopilotPassthroughPort: false, GKEAutopilotExtendedDurationPods: false },
    ],
    ['PortRanges=true&PlayerTracking=false', {}],
  ])('%j', (text, changed) => expect(featureGates(text)).toEqual({ ...defaultGates, ...changed }))

  it.each([
    ['AutopilotPassthroughPort', /must be the name of a gate, = and true or false/],
    ['PassthroughPort=true', /There is no feature gate PassthroughPort; there are AutopilotPassthroughPort,/],
    ['constructor=true', /There is no feature gate constructor/],
    ['PlayerTracking=true', /PlayerTracking is always off here/],
    ['CountsAndLists=false', /CountsAndLists is always on here/],
  ])('refuses %j', (text, complaint) => expect(() => featureGates(text)).toThrow(complaint))

  it('says them all, in order', () => {
    const text = gatesText(featureGates('AutopilotPassthroughPort=false'))
    expect(text).toMatch(/^AutopilotPassthroughPort=false&CountsAndLists=true&.*&WasmAutoscaler=false$/)
    expect(text.split('&')).toEqual(text.split('&').toSorted())
  })
})
