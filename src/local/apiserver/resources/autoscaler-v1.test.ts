import { expect, it } from 'vitest'
import { ApiUnderTest } from '../testing/api-under-test.ts'

const path = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }

it('one autoscaler is seen in both versions', async () => {
  await using api = await ApiUnderTest.start()
  const made = await api.ok('POST', path('v1'), {
    metadata: { name: 'h' },
    spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 60 },
  })
  expect(made).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 60 } })
  const newer = await api.ok('GET', `${path('v2')}/h`)
  expect(newer).toMatchObject({
    apiVersion: 'autoscaling/v2',
    spec: { scaleTargetRef, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 60 } } }] },
  })
})

it('what only v2 can say survives a write as v1', async () => {
  await using api = await ApiUnderTest.start()
  const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } }
  const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } }
  await api.ok('POST', path('v2'), { metadata: { name: 'h' }, spec: { scaleTargetRef, maxReplicas: 3, metrics: [memory], behavior } })
  const older = await api.ok('GET', `${path('v1')}/h`)
  await api.ok('PUT', `${path('v1')}/h`, { ...older, spec: { ...older.spec, maxReplicas: 5 } })
  const newer = await api.ok('GET', `${path('v2')}/h`)
  expect(newer.spec).toMatchObject({ maxReplicas: 5, metrics: [memory], behavior })
  expect(newer.metadata.annotations).toBeUndefined()
})
