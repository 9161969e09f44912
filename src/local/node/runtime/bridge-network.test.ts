import { expect, it } from 'vitest'
import { linksOfSlot } from './bridge-network.ts'

it('finds the links of one slot only, the bridge last', () => {
  const listed = [
    '1: lo: <LOOPBACK,UP> mtu 65536',
    '2: eth0: <BROADCAST> mtu 1500',
    '5: berth1: <BROADCAST> mtu 1500',
    '6: berth1v0@if2: <BROADCAST> mtu 1500',
    '7: berth1v12@if2: <BROADCAST> mtu 1500',
    '8: berth10: <BROADCAST> mtu 1500',
    '9: berth10v0@if2: <BROADCAST> mtu 1500',
    '10: berth1s: <BROADCAST> mtu 1500',
  ]
  expect(linksOfSlot(listed.join('\n'), 'berth1')).toEqual(['berth1v0', 'berth1v12', 'berth1'])
})
