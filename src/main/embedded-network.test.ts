import { expect, test } from 'vitest'
import { defaultProviderConfig } from '../addresses/provider-config.ts'
import { embeddedNetwork } from './embedded-network.ts'

test('who may listen anywhere gets the ports of a real cluster', () => {
  expect(embeddedNetwork(0)).toEqual({ config: defaultProviderConfig, notes: [] })
})

test('who may not has the low ranges moved up, blocked ports too, and is told', () => {
  const { config, notes } = embeddedNetwork(1024)
  expect(config.ranges['volcengine.clb']).toEqual({ min: 20550, max: 20599, blocked: [20593] })
  expect(config.ranges['kubernetes.hostPort']).toEqual(defaultProviderConfig.ranges['kubernetes.hostPort'])
  expect(notes).toEqual([expect.stringContaining('volcengine.clb, hwcloud.elb')])
})
