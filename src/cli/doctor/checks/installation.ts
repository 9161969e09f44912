import type { Deployment, Lease, Pod } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { unknownOf, valueOf } from '../asked.ts'
import { argument, componentOf, refOf } from '../component.ts'
import type { Facts } from '../facts.ts'
import { type Finding, findings } from '../finding.ts'

/** Whether Berth's own parts are there and well. */
export function checkInstallation(facts: Facts): Finding[] {
  const { deployments, pods } = facts.installation
  const unknown = unknownOf('installation', "Berth's Deployments", deployments, pods)
  const found = valueOf(deployments) ?? []
  return [
    ...(unknown === undefined ? [] : [unknown]),
    ...found.flatMap(deployment => checkDeployment(deployment, valueOf(pods) ?? [], facts.ownVersion)),
    ...checkLeases(facts, found),
  ]
}

function checkDeployment(deployment: DeepReadonly<Deployment>, pods: readonly DeepReadonly<Pod>[], ownVersion: string): Finding[] {
  const is = findings('installation')
  const ref = refOf(deployment)
  const { metadata, spec, status } = deployment
  const wanted = spec?.replicas ?? 1
  const ready = status?.availableReplicas ?? 0
  const found: Finding[] = []
  const look = [
    `kubectl -n ${metadata.namespace ?? ''} get pods -l ${selectorText(deployment)}`,
    `kubectl -n ${metadata.namespace ?? ''} describe deployment ${metadata.name}`,
  ]
  if (wanted === 0) {
    found.push(
      is.problem(`${ref} is scaled to 0`, {
        why: 'Nobody does its work.',
        todo: [`kubectl -n ${metadata.namespace ?? ''} scale deployment ${metadata.name} --replicas=2`],
      }),
    )
  } else if (ready === 0)
    found.push(
      is.problem(`none of ${wanted} replicas of ${ref} is available${reasonOf(deployment, pods)}`, {
        why: 'Nobody does its work.',
        todo: look,
      }),
    )
  else if (ready < wanted)
    found.push(
      is.warning(`${ready} of ${wanted} replicas of ${ref} are available${reasonOf(deployment, pods)}`, {
        why: 'There is nobody to step in.',
        todo: look,
      }),
    )
  else if ((status?.updatedReplicas ?? 0) < wanted || status?.observedGeneration !== metadata.generation)
    found.push(is.note(`${ref} is being rolled out`))
  else found.push(is.ok(`${ref} has ${ready} of ${wanted} replicas`))
  const version = metadata.labels?.['app.kubernetes.io/version']
  if (version !== undefined && ownVersion !== '' && version !== ownVersion) {
    found.push(
      is.note(`${ref} is version ${version}, this program is ${ownVersion}`, {
        why: 'What is said here about schemas and rights is about the version of this program.',
      }),
    )
  }
  return found
}

function selectorText({ spec }: DeepReadonly<Deployment>): string {
  return Object.entries(spec?.selector.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

/** What the first pod that is not ready says of itself. */
function reasonOf({ metadata, spec }: DeepReadonly<Deployment>, pods: readonly DeepReadonly<Pod>[]): string {
  const selector = Object.entries(spec?.selector.matchLabels ?? {})
  for (const pod of pods) {
    if (pod.metadata.namespace !== metadata.namespace || !selector.every(([key, value]) => pod.metadata.labels?.[key] === value)) continue
    for (const { state, lastState } of pod.status?.containerStatuses ?? []) {
      const waiting = state?.waiting
      const ended = lastState?.terminated
      if (waiting?.reason !== undefined) {
        const before = ended === undefined ? '' : ` (last exit code ${ended.exitCode})`
        return `: ${pod.metadata.name} waits: ${waiting.reason}${before}`
      }
    }
    const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
    if (unscheduled !== undefined) return `: ${pod.metadata.name} has no node: ${unscheduled.message ?? unscheduled.reason ?? ''}`
  }
  return ''
}

function checkLeases(facts: Facts, deployments: readonly DeepReadonly<Deployment>[]): Finding[] {
  const is = findings('installation.leader')
  const { leases } = facts.installation
  const unknown = unknownOf('installation.leader', 'the Lease of the controller', leases)
  if (unknown !== undefined) return [unknown]
  const serverNow = facts.now + (facts.clock?.aheadMs ?? 0)
  const all = valueOf(leases) ?? []
  const fresh = all.filter(lease => isHeld(lease, serverNow))
  const controllers = deployments.filter(deployment => componentOf(deployment) === 'controller')
  // In the embedded cluster Berth works in the server's own process, without a Lease.
  if (controllers.length === 0 && fresh.length === 0) return facts.version.gitVersion.endsWith('+berth') ? [] : [nobody(facts)]
  const found: Finding[] = []
  if (fresh.length > 1) {
    found.push(
      is.problem(`controllers lead in several namespaces: ${fresh.map(refOf).join(', ')}`, {
        why: 'Each of them runs the same game server sets, unless they are limited to different namespaces.',
        todo: ['# uninstall all but one, or give each its namespaces with --namespaces (chart: watchNamespaces)'],
      }),
    )
  }
  for (const deployment of controllers) {
    const namespace = argument(deployment, 'lease-namespace') ?? 'kube-system'
    const lease = all.find(each => each.metadata.namespace === namespace)
    if (lease !== undefined && fresh.includes(lease))
      found.push(is.ok(`${refOf(deployment)} has a leader, renewed ${ageOf(lease, serverNow)} ago: ${lease.spec?.holderIdentity ?? ''}`))
    else {
      found.push(
        is.problem(
          `${refOf(deployment)} has no leader${lease === undefined ? '' : `: its Lease was renewed ${ageOf(lease, serverNow)} ago`}`,
          {
            why: 'Without a leader nothing is scaled, updated or given an address. Servers that run go on.',
            todo: [
              `kubectl -n ${deployment.metadata.namespace ?? ''} logs deployment/${deployment.metadata.name} --tail=50`,
              `kubectl -n ${namespace} get lease berth-controller -o yaml`,
            ],
          },
        ),
      )
    }
  }
  if (controllers.length === 0)
    for (const lease of fresh) found.push(is.ok(`a controller outside of the cluster leads: ${lease.spec?.holderIdentity ?? ''}`))
  return found
}

function nobody({ sets, installation }: Facts): Finding {
  const is = findings('installation')
  const count = (valueOf(sets.sets) ?? []).length
  const rest = { todo: ['helm install berth deploy/chart --namespace berth-system --create-namespace'] }
  if (!installation.deployments.known)
    return is.unknown('whether Berth is installed could not be found out: nobody leads, and Deployments could not be read')
  return count === 0
    ? is.note('Berth is not installed', rest)
    : is.warning(`Berth is not installed, and there are game server sets (${count})`, {
        why: 'Nobody runs them, unless OpenKruiseGame does.',
        ...rest,
      })
}

function renewedAt({ spec }: DeepReadonly<Lease>): number {
  return Date.parse(spec?.renewTime ?? '') || 0
}

/** With some tolerance: clocks of different machines are compared. */
function isHeld(lease: DeepReadonly<Lease>, now: number): boolean {
  const { holderIdentity = '', leaseDurationSeconds = 15 } = lease.spec ?? {}
  return holderIdentity !== '' && now - renewedAt(lease) < (leaseDurationSeconds + 15) * 1000
}

function ageOf(lease: DeepReadonly<Lease>, now: number): string {
  return `${Math.max(0, Math.round((now - renewedAt(lease)) / 1000))} s`
}
