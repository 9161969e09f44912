import { expect, test } from 'vitest'
import { bring, claimOf, FakeCluster } from '../../fake-cluster.ts'

const signal = new AbortController().signal

test("the cloud's complaint reaches the claim at once, and is forgotten when the parameters change", async () => {
  const cluster = new FakeCluster()
  const engine = await cluster.start()
  const notified: string[] = []
  engine.subscribe(key => notified.push(key))
  const claim = claimOf('rooms-0', 'Volcengine-CLB', { ClbIds: 'clb-typo', PortProtocols: '80' })
  await engine.reconcile(claim, signal)
  cluster.settle()
  expect(await engine.reconcile(claim, signal)).toMatchObject({ state: 'Waiting', reason: 'LoadBalancerPending' })

  notified.length = 0
  cluster.complain('default/rooms-0', 'no endpoints', 'FailedToUpdateEndpointSlices')
  expect(await engine.reconcile(claim, signal)).toMatchObject({ reason: 'LoadBalancerPending' })
  cluster.complain('default/rooms-0', 'InvalidLoadBalancer_NotFound: clb-typo')
  expect(notified).toContain('default/rooms-0')
  expect(await engine.reconcile(claim, signal)).toMatchObject({
    state: 'Waiting',
    reason: 'LoadBalancerFailed',
    message: expect.stringContaining('InvalidLoadBalancer_NotFound: clb-typo') as string,
  })
  cluster.complain('default/rooms-0', 'second thoughts')
  expect((await engine.reconcile(claim, signal)).message).toMatch(/second thoughts/)

  const repaired = claimOf('rooms-0', 'Volcengine-CLB', { ClbIds: 'clb-1', PortProtocols: '80' })
  expect(await engine.reconcile(repaired, signal)).toMatchObject({ reason: 'LoadBalancerPending' })
  expect(await bring(cluster, engine, repaired)).toMatchObject({ state: 'Bound' })
})

test('a served claim does not care about complaints', async () => {
  const cluster = new FakeCluster()
  const engine = await cluster.start()
  const claim = claimOf('rooms-0', 'HwCloud-ELB', { ElbIds: 'elb-1', PortProtocols: '80' })
  await bring(cluster, engine, claim)
  cluster.complain('default/rooms-0', 'quota')
  expect(await engine.reconcile(claim, signal)).toMatchObject({ state: 'Bound' })
})
