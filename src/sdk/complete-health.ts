import { defaults } from '../apis/agones.dev/defaults.ts'
import type { GameServerSpec } from '../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../kube/object.ts'
import type { HealthSettings } from './health.ts'

/** Health as it counts: what is absent or zero has its default. */
export function completeHealth(health: DeepReadonly<GameServerSpec['health']>): HealthSettings {
  const { disabled = false, periodSeconds = 0, failureThreshold = 0, initialDelaySeconds = 0 } = health ?? {}
  return {
    disabled,
    periodSeconds: periodSeconds || defaults.healthPeriod,
    failureThreshold: failureThreshold || defaults.healthFailures,
    initialDelaySeconds: initialDelaySeconds || defaults.healthInitialDelay,
  }
}
