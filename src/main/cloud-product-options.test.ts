import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { featureGates } from '../families/agones/feature-gates.ts'
import { addCloudProductOptions, type CloudProductOptions, cloudProductSettings } from './cloud-product-options.ts'

const parse = (...args: string[]): CloudProductOptions => {
  const command = addCloudProductOptions(new Command().exitOverride().configureOutput({ writeErr: () => {} }))
  return command.parse(args, { from: 'user' }).opts<CloudProductOptions>()
}

describe('options about the platform below', () => {
  it.each<[string[], object]>([
    [[], { name: 'auto' }],
    [['--agones-cloud-product=generic'], { name: 'generic' }],
    [['--agones-cloud-product=gke-autopilot'], { name: 'gke-autopilot' }],
    [
      ['--agones-cloud-product=platform', '--agones-host-ports-annotation=example.com/ports', '--agones-passthrough-label=example.com/a=b'],
      { name: 'platform', hostPortsAnnotation: 'example.com/ports', passthroughLabel: { key: 'example.com/a', value: 'b' } },
    ],
  ])('%j', (args, expected) => expect(cloudProductSettings(parse(...args))).toEqual(expected))

  it.each<[string[], RegExp]>([
    [['--agones-cloud-product=eks'], /Allowed choices are auto, generic, gke-autopilot, platform/],
    [['--agones-cloud-product=platform'], /platform needs --agones-host-ports-annotation/],
    [['--agones-host-ports-annotation=example.com/ports'], /need --agones-cloud-product platform/],
    [['--agones-host-ports-annotation=a b'], /must be the name of an annotation/],
    [['--agones-passthrough-label=port'], /must be a label, such as/],
    [['--agones-passthrough-label=a=b=c'], /must be a label, such as/],
    [['--agones-feature-gates=Autopilot=true'], /There is no feature gate Autopilot/],
  ])('refuses %j', (args, complaint) => expect(() => cloudProductSettings(parse(...args))).toThrow(complaint))

  it('knows gates', () => {
    expect(parse().agonesFeatureGates).toEqual(featureGates(''))
    expect(parse('--agones-feature-gates=AutopilotPassthroughPort=false').agonesFeatureGates.AutopilotPassthroughPort).toBe(false)
  })
})
