import { describe, expect, it } from 'vitest'
import type { Pod, Taint, Toleration } from '../../apis/core/types.generated.ts'
import { stayMs } from './taint-eviction.ts'

const pod = (tolerations: Toleration[]): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { containers: [], tolerations },
})
const a: Taint = { key: 'a', effect: 'NoExecute' }
const b: Taint = { key: 'b', effect: 'NoExecute' }

describe('how long a pod may stay', () => {
  it.each<[string, Toleration[], Taint[], number | undefined]>([
    ['without taints', [], [], undefined],
    ['with a taint for newcomers only', [], [{ key: 'a', effect: 'NoSchedule' }], undefined],
    ['not tolerating it', [], [a], 0],
    ['tolerating it', [{ key: 'a', operator: 'Exists' }], [a], undefined],
    ['tolerating it for a while', [{ key: 'a', operator: 'Exists', tolerationSeconds: 30 }], [a], 30_000],
    [
      'tolerating everything, one for a while',
      [{ operator: 'Exists' }, { key: 'a', operator: 'Exists', tolerationSeconds: 5 }],
      [a, b],
      5000,
    ],
    ['tolerating one of two', [{ key: 'a', operator: 'Exists' }], [a, b], 0],
  ])('%s', (_what, tolerations, taints, expected) => {
    expect(stayMs(pod(tolerations), taints)).toBe(expected)
  })
})
