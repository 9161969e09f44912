import type { OpsState, PodUpdatePolicy, ReclaimPolicy, ScaleDownStrategyType, UpdateStrategyType } from './states.ts'

/** What absent fields mean. The CRDs carry no defaults (as the original's do not), so objects stay as users wrote them. */
export const defaults = {
  opsState: 'None',
  /** Both priorities, as the text their labels carry. */
  priority: '0',
  reclaimPolicy: 'Cascade',
  updateStrategyType: 'RollingUpdate',
  podUpdatePolicy: 'ReCreate',
  partition: 0,
  maxUnavailable: 1,
  minReadySeconds: 0,
  gracePeriodSeconds: 0,
  scaleDownStrategyType: 'General',
} as const satisfies {
  opsState: OpsState
  reclaimPolicy: ReclaimPolicy
  updateStrategyType: UpdateStrategyType
  podUpdatePolicy: PodUpdatePolicy
  scaleDownStrategyType: ScaleDownStrategyType
  [more: string]: string | number
}
