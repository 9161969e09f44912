import type { PodSpec, Volume } from '../../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../../kube/object.ts'
import type { FieldError } from '../../../../schema/field-error.ts'
import { validateLabels } from '../../rest/object-meta.ts'
import { duplicate, forbidden, invalid, ipErrors, nameErrors, oneOf, qualifiedNameErrors, required } from '../field-errors.ts'
import { validateContainers } from './container-validation.ts'

const nodeOperators: ReadonlySet<string> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'])

/** What Kubernetes refuses in the spec of a pod or a pod template. */
export function validatePodSpec(spec: DeepReadonly<PodSpec>, path: string): FieldError[] {
  const errors = [...validateVolumes(spec.volumes, path), ...validateContainers(spec, path)]
  errors.push(...oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']))
  errors.push(...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']))
  if (spec.dnsPolicy === 'None' && (spec.dnsConfig?.nameservers ?? []).length === 0) {
    if (spec.dnsConfig === undefined) errors.push(required(`${path}.dnsConfig`, 'must provide `dnsConfig` when `dnsPolicy` is None'))
    else errors.push(required(`${path}.dnsConfig.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'))
  }
  if (spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds < 1) {
    errors.push(invalid(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 'must be between 1 and 2147483647, inclusive'))
  }
  validateLabels(spec.nodeSelector, `${path}.nodeSelector`, errors)
  for (const name of ['serviceAccountName', 'nodeName'] as const) {
    const value = spec[name]
    if (value !== undefined && value !== '') errors.push(...nameErrors(`${path}.${name}`, value, 'subdomain'))
  }
  for (const name of ['hostname', 'subdomain'] as const) {
    const value = spec[name]
    if (value !== undefined && value !== '') errors.push(...nameErrors(`${path}.${name}`, value, 'label'))
  }
  for (const [index, { effect, operator, key, value }] of (spec.tolerations ?? []).entries()) {
    const at = `${path}.tolerations[${index}]`
    if (effect !== undefined) errors.push(...oneOf(`${at}.effect`, effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']))
    errors.push(...oneOf(`${at}.operator`, operator, ['', 'Equal', 'Exists']))
    if ((key ?? '') === '' && operator !== 'Exists') {
      errors.push(
        invalid(
          `${at}.operator`,
          operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    }
    if (operator === 'Exists' && (value ?? '') !== '')
      errors.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"))
  }
  const affinity = spec.affinity?.nodeAffinity
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const at = `${path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`
  for (const [index, { matchExpressions }] of terms.entries()) {
    for (const [place, { operator }] of (matchExpressions ?? []).entries()) {
      if (!nodeOperators.has(operator))
        errors.push(invalid(`${at}[${index}].matchExpressions[${place}].operator`, operator, 'not a valid selector operator'))
    }
  }
  return [...errors, ...validateSharing(spec, path), ...validateSpread(spec, path)]
}

/** What the containers of a pod have in common, with the host or among each other. */
function validateSharing(spec: DeepReadonly<PodSpec>, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, { ip, hostnames }] of (spec.hostAliases ?? []).entries()) {
    errors.push(...ipErrors(`${path}.hostAliases[${index}].ip`, ip))
    for (const name of hostnames ?? []) errors.push(...nameErrors(`${path}.hostAliases[${index}].hostnames`, name, 'subdomain'))
  }
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    errors.push(...qualifiedNameErrors(`${path}.readinessGates[${index}].conditionType`, conditionType))
  }
  const context = spec.securityContext ?? {}
  for (const name of ['runAsUser', 'runAsGroup', 'fsGroup'] as const) {
    const id = context[name]
    if (id !== undefined && (id < 0 || id > largestId)) {
      errors.push(invalid(`${path}.securityContext.${name}`, id, `must be between 0 and ${largestId}, inclusive`))
    }
  }
  if (spec.hostPID === true && spec.shareProcessNamespace === true) {
    const detail = 'ShareProcessNamespace and HostPID cannot both be enabled'
    errors.push(invalid(`${path}.securityContext.shareProcessNamespace`, true, detail))
  }
  return errors
}

const largestId = 2 ** 31 - 1

function validateSpread(spec: DeepReadonly<PodSpec>, path: string): FieldError[] {
  return (spec.topologySpreadConstraints ?? []).flatMap(({ maxSkew, topologyKey, whenUnsatisfiable }, index) => {
    const at = `${path}.topologySpreadConstraints[${index}]`
    const errors = maxSkew > 0 ? [] : [invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero')]
    if ((topologyKey ?? '') === '') errors.push(required(`${at}.topologyKey`, 'can not be empty'))
    return [...errors, ...oneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'])]
  })
}

function validateVolumes(volumes: DeepReadonly<Volume[]> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, volume] of (volumes ?? []).entries()) {
    const at = `${path}.volumes[${index}]`
    if (volume.name === undefined || volume.name === '') errors.push(required(`${at}.name`))
    else {
      errors.push(...nameErrors(`${at}.name`, volume.name, 'label'))
      if (names.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name))
      names.add(volume.name)
    }
    const sources = Object.keys(volume).filter(key => key !== 'name')
    if (sources.length === 0) errors.push(required(at, 'must specify a volume type'))
    for (const source of sources.slice(1)) errors.push(forbidden(`${at}.${source}`, 'may not specify more than 1 volume type'))
    if (volume.configMap !== undefined && (volume.configMap.name ?? '') === '') errors.push(required(`${at}.configMap.name`))
    if (volume.secret !== undefined && (volume.secret.secretName ?? '') === '') errors.push(required(`${at}.secret.secretName`))
    if (volume.persistentVolumeClaim !== undefined && (volume.persistentVolumeClaim.claimName ?? '') === '') {
      errors.push(required(`${at}.persistentVolumeClaim.claimName`))
    }
    if (volume.hostPath !== undefined && (volume.hostPath.path ?? '') === '') errors.push(required(`${at}.hostPath.path`))
    for (const [item, file] of (volume.downwardAPI?.items ?? []).entries()) {
      if ((file.path ?? '') === '') errors.push(required(`${at}.downwardAPI.items[${item}].path`))
      if (file.fieldRef === undefined && file.resourceFieldRef === undefined) {
        errors.push(required(`${at}.downwardAPI.items[${item}]`, 'one of fieldRef and resourceFieldRef is required'))
      }
    }
  }
  return errors
}
