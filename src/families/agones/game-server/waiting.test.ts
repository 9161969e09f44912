import { describe, expect, it } from 'vitest'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { waitingReason } from './waiting.ts'

const config = { portRanges: { default: { min: 7000, max: 8000, blocked: [] } } }
const server = (state: string, ports: object[] = []) => ({ metadata: {}, spec: { ports }, status: { state } }) as unknown as GameServer
const pod = (status: string) =>
  ({ status: { conditions: [{ type: 'PodScheduled', status, reason: 'Unschedulable', message: 'no free ports' }] } }) as unknown as Pod

describe('why a server waits', () => {
  it.each<[string, GameServer, Pod | undefined, number[] | undefined, string | undefined]>([
    ['new', server('PortAllocation', [{}]), undefined, [7000], undefined],
    ['too few ports', server('PortAllocation', [{}, {}]), undefined, undefined, 'no host ports are left for 2 ports'],
    ['a range of nobody', server('PortAllocation', [{ range: 'x' }]), undefined, undefined, 'there is no port range "x", only default'],
    ['no port is asked for', server('PortAllocation', [{ portPolicy: 'None' }]), undefined, undefined, undefined],
    ['no node', server('Starting'), pod('False'), undefined, 'the pod waits for a node: no free ports'],
    ['a node', server('Starting'), pod('True'), undefined, undefined],
    ['on its way out', { ...server('Starting'), metadata: { deletionTimestamp: 'now' } } as GameServer, pod('False'), undefined, undefined],
  ])('%s', (_, object, of, numbers, expected) => {
    expect(waitingReason(object, of, numbers, config)).toBe(expected)
  })
})
