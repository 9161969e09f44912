import type { Endpoints, EndpointSlice, Ingress, IngressClass, NetworkPolicy } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import type { KindStrategy } from '../registry.ts'
import { cidrErrors, invalid, ipErrors, nameErrors, oneOf, required } from './field-errors.ts'

export const endpointsStrategy: KindStrategy = {
  hasGeneration: false,
  applyDefaults(draft) {
    for (const subset of (draft as unknown as Endpoints).subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP'
  },
}

export const endpointSliceStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    for (const port of (draft as unknown as EndpointSlice).ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
    for (const endpoint of (draft as unknown as EndpointSlice).endpoints ?? []) endpoint.conditions ??= {}
  },
  validate(object, old) {
    const slice = object as unknown as DeepReadonly<EndpointSlice>
    const errors =
      slice.addressType === undefined ? [required('addressType')] : oneOf('addressType', slice.addressType, ['FQDN', 'IPv4', 'IPv6'])
    if (old !== undefined && (old as unknown as DeepReadonly<EndpointSlice>).addressType !== slice.addressType) {
      errors.push(invalid('addressType', slice.addressType, 'field is immutable'))
    }
    for (const [index, { addresses }] of (slice.endpoints ?? []).entries()) {
      const at = `endpoints[${index}].addresses`
      if ((addresses ?? []).length === 0) errors.push(required(at, 'must contain at least 1 address'))
      if (slice.addressType === 'FQDN') continue
      // Kubernetes refuses loopback addresses; here pods without a network namespace have them.
      for (const [place, address] of (addresses ?? []).entries()) errors.push(...ipErrors(`${at}[${place}]`, address))
    }
    for (const [index, { name = '' }] of (slice.ports ?? []).entries()) {
      if (name !== '') errors.push(...nameErrors(`ports[${index}].name`, name, 'label'))
    }
    return errors
  },
}

export const ingressClassStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const parameters = (draft as unknown as IngressClass).spec?.parameters
    if (parameters !== undefined) parameters.scope ??= 'Cluster'
  },
}

export const networkPolicyStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const { spec } = draft as unknown as NetworkPolicy
    if (spec === undefined) return
    spec.policyTypes ??= spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
  },
  validate(object) {
    const { spec } = object as unknown as DeepReadonly<NetworkPolicy>
    const types = ['Ingress', 'Egress']
    return [
      ...(spec?.ingress ?? []).flatMap(({ from }, index) => peerErrors(`spec.ingress[${index}].from`, from)),
      ...(spec?.egress ?? []).flatMap(({ to }, index) => peerErrors(`spec.egress[${index}].to`, to)),
      ...(spec?.policyTypes ?? []).flatMap((type, index) => oneOf(`spec.policyTypes[${index}]`, type, types)),
    ]
  },
}

type Peers = NonNullable<NonNullable<NonNullable<NetworkPolicy['spec']>['ingress']>[number]['from']>

function peerErrors(field: string, peers: DeepReadonly<Peers> | undefined): FieldError[] {
  return (peers ?? []).flatMap(({ ipBlock }, index) =>
    ipBlock === undefined ? [] : cidrErrors(`${field}[${index}].ipBlock.cidr`, ipBlock.cidr),
  )
}

export const ingressStrategy: KindStrategy = {
  hasGeneration: true,
  prepareForCreate(draft) {
    draft['status'] = { loadBalancer: {} }
  },
  validate(object, _old, { subresource }) {
    if (subresource === 'status') return []
    const { spec } = object as unknown as DeepReadonly<Ingress>
    const rules = spec?.rules ?? []
    if (rules.length === 0 && spec?.defaultBackend === undefined) {
      return [invalid('spec', null, 'either `defaultBackend` or `rules` must be specified')]
    }
    return rules.flatMap(({ host = '', http }, index) => {
      const at = `spec.rules[${index}]`
      const name = host.replace(/^\*\./, '')
      return [
        ...(name === '' ? [] : nameErrors(`${at}.host`, name, 'subdomain')),
        ...(http?.paths ?? []).flatMap(({ pathType }, place) =>
          pathType === undefined ? [required(`${at}.http.paths[${place}].pathType`, 'pathType must be specified')] : [],
        ),
      ]
    })
  },
}
