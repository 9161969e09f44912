import { unknownOf } from '../asked.ts'
import type { Facts } from '../facts.ts'
import { type Finding, findings } from '../finding.ts'

/** Minors that all scenarios have been run on. */
export const testedMinors: readonly number[] = [34]

/** The first minor in which everything that is used is stable: rules of CustomResourceDefinitions, match conditions of webhooks. */
const oldestMinor = 30

/** Version and abilities of the server. */
export function checkKubernetes({ version, podSubresources, groups }: Facts): Finding[] {
  return [...checkVersion(version), ...checkFeatures(minorOf(version), podSubresources, groups)]
}

function minorOf({ minor }: Facts['version']): number {
  return Number.parseInt(minor, 10)
}

function checkVersion(version: Facts['version']): Finding[] {
  const is = findings('kubernetes.version')
  const { gitVersion } = version
  const minor = minorOf(version)
  if (gitVersion.endsWith('+berth')) return [is.ok(`${gitVersion}, the embedded cluster of berth dev`)]
  const tested = `Kubernetes ${testedMinors.map(each => `1.${each}`).join(', ')}`
  if (Number.parseInt(version.major, 10) !== 1 || Number.isNaN(minor))
    return [is.warning(`${gitVersion} is a version Berth knows nothing about`, { why: `Berth is tested on ${tested}.` })]
  if (minor < oldestMinor) {
    return [
      is.problem(`${gitVersion} is too old`, {
        why: `Berth needs Kubernetes 1.${oldestMinor} or later: rules in CustomResourceDefinitions and match conditions of webhooks. It is tested on ${tested}.`,
        todo: [`# upgrade the cluster to Kubernetes 1.${oldestMinor} or later`],
      }),
    ]
  }
  if (testedMinors.includes(minor)) return [is.ok(`${gitVersion}, a version Berth is tested on`)]
  return [is.note(`${gitVersion} should do, but Berth is tested on ${tested}`)]
}

function checkFeatures(minor: number, podSubresources: Facts['podSubresources'], groups: Facts['groups']): Finding[] {
  const is = findings('kubernetes.features')
  const found: Finding[] = []
  const unknown = unknownOf('kubernetes.features', 'what the server can do', podSubresources, groups)
  if (unknown !== undefined) found.push(unknown)
  if (podSubresources.known) {
    if (podSubresources.value.includes('resize'))
      found.push(is.ok('pods can be given other CPU and memory without a restart (pods/resize)'))
    else
      found.push(
        is.note('pods cannot be given other CPU and memory without a restart', {
          why: 'Kubernetes has it from 1.33 on (InPlacePodVerticalScaling). Images change in place regardless.',
        }),
      )
  }
  if (Number.isNaN(minor)) return found
  // By version: the field is always in the schema, a gate that is off drops it from pods.
  if (minor >= 29) found.push(is.ok('sidecar containers (restartPolicy: Always of init containers) can be used'))
  else found.push(is.note('sidecar containers (restartPolicy: Always of init containers) cannot be used before Kubernetes 1.29'))
  return found
}

/** Differences below are nothing to talk about, in milliseconds. */
const clockLimits = { warning: 5000, problem: 60_000 }

/** The clock of this machine against the server's. */
export function checkClock({ clock }: Facts): Finding[] {
  const is = findings('clock')
  if (clock === undefined) return [is.unknown('the server does not say what time it is')]
  const { aheadMs, uncertaintyMs } = clock
  const off = Math.max(0, Math.abs(aheadMs) - uncertaintyMs)
  const seconds = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'behind' : 'ahead of'} the API server's`
  if (off < clockLimits.warning)
    return [is.ok(`this machine's clock agrees with the API server's, within ${Math.ceil((off + uncertaintyMs) / 1000)} s`)]
  const rest = {
    why: 'Certificates and tokens are valid from and until a time. Leases do not depend on clocks that agree.',
    todo: ['timedatectl status   # on this machine and on the control plane: is the time synchronised?'],
  }
  return [
    off < clockLimits.problem
      ? is.warning(`this machine's clock is ${seconds}`, rest)
      : is.problem(`this machine's clock is ${seconds}`, rest),
  ]
}
