import { expect, test } from 'vitest'
import { defaultProviderConfig } from '../addresses/provider-config.ts'
import { embeddedNetwork } from './embedded-network.ts'

test('who may listen anywhere gets the ports of a real cluster', () => {
  expect(embeddedNetwork(undefined, 0)).toEqual({ config: defaultProviderConfig, notes: [] })
})

test('who may not has the low ranges moved up, blocked ports too, and is told', () => {
  const { config, notes } = embeddedNetwork(undefined, 1024)
  expect(config.ranges['volcengine.clb']).toEqual({ min: 20550, max: 20599, blocked: [20593] })
  expect(config.ranges['kubernetes.hostPort']).toEqual(defaultProviderConfig.ranges['kubernetes.hostPort'])
  expect(notes).toEqual([expect.stringContaining('volcengine.clb, hwcloud.elb')])
})

test('ranges of the user count, and are moved like the others where they must', () => {
  const wanted = {
    ranges: { 'volcengine.clb': { min: 700, max: 800, blocked: [750] }, 'hwcloud.elb': { min: 5000, max: 5100, blocked: [] } },
    off: {},
  }
  expect(embeddedNetwork(wanted, 0).config).toEqual(wanted)
  expect(embeddedNetwork(wanted, 1024).config.ranges).toEqual({
    'volcengine.clb': { min: 20700, max: 20800, blocked: [20750] },
    'hwcloud.elb': { min: 5000, max: 5100, blocked: [] },
  })
})
