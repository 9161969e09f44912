import { expect, test } from 'vitest'
import { hostPlan } from './host-plan.ts'

test('a slot knows its own addresses from those of its neighbours', () => {
  const [own, next] = [hostPlan(3), hostPlan(4)]
  const addresses = (plan: typeof own) => [
    plan.nodeIP(0),
    plan.loadBalancerIP(300),
    plan.loopbackPodIP(7),
    plan.podNetwork.ip(0),
    plan.serviceNetwork.ip(5),
  ]
  expect(addresses(own).filter(ip => !own.owns(ip))).toEqual([])
  expect(addresses(next).filter(ip => own.owns(ip))).toEqual([])
})
