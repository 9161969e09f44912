import { expect, test } from 'vitest'
import { PrometheusMetrics } from './metrics.ts'

test('counts, sets and observes under the given names and labels', async () => {
  const metrics = new PrometheusMetrics()
  metrics.increment('controller_runtime_reconcile_total', { controller: 'set', result: 'success' })
  metrics.increment('controller_runtime_reconcile_total', { controller: 'set', result: 'success' }, 2)
  metrics.set('workqueue_depth', { name: 'set' }, 4)
  metrics.observe('controller_runtime_reconcile_time_seconds', { controller: 'set' }, 0.02)
  const text = await metrics.text()
  expect(text).toContain('controller_runtime_reconcile_total{controller="set",result="success"} 3')
  expect(text).toContain('workqueue_depth{name="set"} 4')
  expect(text).toContain('controller_runtime_reconcile_time_seconds_bucket{le="0.025",controller="set"} 1')
})

test('two registries do not share anything', async () => {
  const [one, other] = [new PrometheusMetrics(), new PrometheusMetrics()]
  one.set('leader_election_master_status', { name: 'x' }, 1)
  other.set('leader_election_master_status', { name: 'x' }, 0)
  expect(await other.text()).toContain('leader_election_master_status{name="x"} 0')
})
