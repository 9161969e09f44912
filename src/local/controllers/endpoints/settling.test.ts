import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Pod } from '../../../apis/core/types.generated.ts'
import type { EndpointGroup } from './desired-endpoints.ts'
import { type Settling, settlingMs } from './settling.ts'

const settling: Settling = { emptyMs: 1, startingMs: 2, leavingMs: 3 }
const meta = { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
const starting = { metadata: meta, status: { phase: 'Pending' } } as Pod
const going = { ...starting, metadata: { ...meta, deletionTimestamp: '2026-01-01T00:00:01Z' } } as Pod
const finished = { metadata: meta, status: { phase: 'Succeeded' } } as Pod
const slice = { metadata: meta, addressType: 'IPv4', endpoints: [] } as unknown as EndpointSlice
const group = (ready: boolean): EndpointGroup => ({ ports: [], endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready } }] })

describe('how long slices are left as they are', () => {
  it.each([
    ['an endpoint takes traffic', [group(true)], [starting], [], 0],
    ['one of two does', [group(false), group(true)], [starting, going], [slice], 0],
    ['nothing runs yet', [group(false)], [starting], [], 2],
    ['no pod is selected', [], [], [], 1],
    ['the first pods have ended', [], [finished], [], 1],
    ['a pod that stays is not ready any more', [group(false)], [starting], [slice], 0],
    ['one goes and one comes', [group(false)], [going, starting], [slice], 0],
    ['all go', [group(false)], [going], [slice], 3],
    ['all are gone', [], [], [slice], 3],
  ] as const)('%s', (_, groups, pods, slices, ms) => {
    expect(settlingMs(settling, groups, pods, slices)).toBe(ms)
  })
})
