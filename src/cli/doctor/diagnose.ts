import { checkDefinitions } from './checks/definitions.ts'
import { checkInstallation } from './checks/installation.ts'
import { checkClock, checkKubernetes } from './checks/kubernetes.ts'
import { checkOthers } from './checks/others.ts'
import { checkRights } from './checks/rights.ts'
import { checkSets } from './checks/sets.ts'
import { checkOwnWebhooks } from './checks/own-webhooks.ts'
import { checkForeignWebhooks } from './checks/foreign-webhooks.ts'
import type { Facts } from './facts.ts'
import type { Finding } from './finding.ts'

const checks: readonly ((facts: Facts) => Finding[])[] = [
  checkKubernetes,
  checkClock,
  checkDefinitions,
  checkInstallation,
  checkRights,
  checkOwnWebhooks,
  checkForeignWebhooks,
  checkOthers,
  checkSets,
]

/** Everything there is to say about the facts, in the order of the checks. */
export function diagnose(facts: Facts): Finding[] {
  return checks.flatMap(check => check(facts))
}
