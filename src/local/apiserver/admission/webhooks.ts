import { randomUUID } from 'node:crypto'
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  RuleWithOperations,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../apis/core/types.generated.ts'
import type { Logger } from '../../../kube/logger.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { applyJsonPatch } from '../../../kube/patch/json-patch.ts'
import { labelSelectorOf, type LabelSelectorObject } from '../../../kube/selector.ts'
import { matchConditionsHold } from '../../../schema/cel/match-condition.ts'
import { cloneJson, equalJson } from '../../../schema/json.ts'
import type { Draft, RegisteredResource } from '../registry.ts'
import { forbidden, internalError } from '../status-errors.ts'
import type { Storage } from '../storage/storage.ts'
import type { AdmissionAttributes, AdmissionDenial, AdmissionOperation, AdmissionPlugin } from './admission.ts'
import { callWebhook, type AdmissionResponse, type WebhookEndpoint } from './webhook-call.ts'

type Webhook = DeepReadonly<MutatingWebhook | ValidatingWebhook>

const mutating = 'mutatingwebhookconfigurations.admissionregistration.k8s.io'
const validating = 'validatingwebhookconfigurations.admissionregistration.k8s.io'

/**
 * Calls the webhooks that MutatingWebhookConfigurations and ValidatingWebhookConfigurations name, by URL or by a Service whose
 * endpoints this process can reach. Of the variables of `matchConditions`, `authorizer` is not offered.
 * Contract: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
export class WebhookAdmission implements AdmissionPlugin {
  readonly name = 'webhooks'
  readonly #storage: Storage
  readonly #logger: Logger

  constructor(storage: Storage, logger: Logger) {
    this.#storage = storage
    this.#logger = logger
  }

  matches(resource: RegisteredResource, operation: AdmissionOperation, subresource: string | undefined): boolean {
    // Webhooks are never asked about their own configurations: nobody could repair a broken one.
    if (resource.type.group === 'admissionregistration.k8s.io') return false
    if (this.#storage.collection(mutating).size + this.#storage.collection(validating).size === 0) return false
    return [mutating, validating].some(kind =>
      this.#webhooks(kind).some(({ rules = [] }) => rules.some(rule => covers(rule, resource, operation, subresource))),
    )
  }

  async mutate(attributes: AdmissionAttributes): Promise<AdmissionDenial | undefined> {
    const webhooks = this.#webhooks(mutating)
    /** Called, and willing to be called again when another one changes the object after them. */
    const willing = new Set<Webhook>()
    const again = new Set<Webhook>()
    // Those of the second round are not called a third time, whatever changes.
    for (const isSecondRound of [false, true]) {
      for (const webhook of webhooks) {
        if (isSecondRound && !again.has(webhook)) continue
        // Whether it is concerned depends on what the others have changed.
        const isAsked = this.#isConcerned(webhook, attributes) && this.#meetsConditions(webhook, attributes)
        const response = isAsked ? await this.#ask(webhook, attributes) : undefined
        if (response === undefined) continue
        if (!response.allowed) return denial(webhook, response)
        const { object } = attributes
        if (response.patch !== undefined && object !== undefined && change(webhook, object, response.patch)) {
          if (!isSecondRound) for (const earlier of willing) again.add(earlier)
          willing.clear()
        }
        if ((webhook as DeepReadonly<MutatingWebhook>).reinvocationPolicy === 'IfNeeded') willing.add(webhook)
      }
    }
    return undefined
  }

  async validate(attributes: AdmissionAttributes): Promise<AdmissionDenial | undefined> {
    const webhooks = this.#webhooks(validating).filter(
      webhook => this.#isConcerned(webhook, attributes) && this.#meetsConditions(webhook, attributes),
    )
    const responses = await Promise.all(webhooks.map(webhook => this.#ask(webhook, attributes)))
    for (const [index, webhook] of webhooks.entries()) {
      const response = responses[index]
      if (response?.allowed === false) return denial(webhook, response)
    }
    return undefined
  }

  #webhooks(kind: string): Webhook[] {
    return this.#storage
      .collection(kind)
      .list()
      .flatMap(object => (object as unknown as DeepReadonly<MutatingWebhookConfiguration | ValidatingWebhookConfiguration>).webhooks ?? [])
  }

  /** By its rules and selectors. */
  #isConcerned({ rules = [], namespaceSelector, objectSelector }: Webhook, attributes: AdmissionAttributes): boolean {
    const { resource, operation, subresource, namespace, object, oldObject } = attributes
    if (!rules.some(rule => covers(rule, resource, operation, subresource))) return false
    const own =
      resource.type.plural === 'namespaces' && resource.type.group === ''
        ? (object ?? oldObject)
        : this.#storage.get('namespaces', '', namespace)
    if (resource.type.namespaced && !selects(namespaceSelector, own?.metadata.labels)) return false
    return (
      selects(objectSelector, object?.metadata.labels) || (oldObject !== undefined && selects(objectSelector, oldObject.metadata.labels))
    )
  }

  #meetsConditions(webhook: Webhook, attributes: AdmissionAttributes): boolean {
    const { matchConditions = [] } = webhook
    if (matchConditions.length === 0) return true
    const { object, oldObject, ...request } = reviewOf(attributes).request
    try {
      return matchConditionsHold(matchConditions, { object, oldObject, request })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      if (webhook.failurePolicy !== 'Ignore') throw forbidden(attributes.resource.type, attributes.name, why)
      this.#logger.warn('failed evaluating the match conditions of a webhook, failing open', { webhook: webhook.name, error: why })
      return false
    }
  }

  /** The answer; undefined when it failed and the webhook's policy is to go on. */
  async #ask(webhook: Webhook, attributes: AdmissionAttributes): Promise<AdmissionResponse | undefined> {
    if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
      throw internalError(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`)
    }
    try {
      const response = await callWebhook(this.#endpoint(webhook), reviewOf(attributes))
      for (const warning of response.warnings ?? []) attributes.warn(warning)
      return response
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      if (webhook.failurePolicy === 'Ignore') {
        this.#logger.warn('failed calling webhook, failing open', { webhook: webhook.name, error: why })
        return undefined
      }
      throw internalError(`failed calling webhook ${JSON.stringify(webhook.name)}: failed to call webhook: ${why}`)
    }
  }

  #endpoint({ clientConfig, timeoutSeconds }: Webhook): WebhookEndpoint {
    const ca = clientConfig.caBundle === undefined ? undefined : Buffer.from(clientConfig.caBundle, 'base64').toString('utf8')
    const timeoutMs = (timeoutSeconds ?? 10) * 1000
    if (clientConfig.url !== undefined) return { url: new URL(clientConfig.url), serverName: undefined, ca, timeoutMs }
    const { name = '', namespace = '', path = '/', port = 443 } = clientConfig.service ?? {}
    const address = this.#serviceAddress(namespace, name, port)
    return { url: new URL(`https://${address}${path}`), serverName: `${name}.${namespace}.svc`, ca, timeoutMs }
  }

  /** One ready endpoint of a Service, `ip:port`. */
  #serviceAddress(namespace: string, name: string, port: number): string {
    const service = this.#storage.get('services', namespace, name)
    if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`)
    const ports = (service['spec'] as { ports?: readonly { port: number; name?: string }[] }).ports ?? []
    const portName = ports.find(candidate => candidate.port === port)?.name ?? ''
    for (const slice of this.#storage.collection('endpointslices.discovery.k8s.io').list(namespace)) {
      if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue
      const endpoints = slice['endpoints'] as readonly { addresses: readonly string[]; conditions?: { ready?: boolean } }[] | undefined
      const target = (slice['ports'] as readonly { name?: string; port?: number }[] | undefined)?.find(
        candidate => (candidate.name ?? '') === portName,
      )
      const ready = endpoints?.find(({ conditions }) => conditions?.ready !== false)?.addresses[0]
      if (ready !== undefined && target?.port !== undefined) return `${ready}:${target.port}`
    }
    throw new Error(`no endpoints available for service ${JSON.stringify(name)}`)
  }
}

function has(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(value))
}

function covers(
  rule: DeepReadonly<RuleWithOperations>,
  { type }: RegisteredResource,
  operation: AdmissionOperation,
  subresource: string | undefined,
): boolean {
  const { scope = '*' } = rule
  if (scope !== '*' && (scope === 'Namespaced') !== type.namespaced) return false
  if (!has(rule.operations, operation) || !has(rule.apiGroups, type.group) || !has(rule.apiVersions, type.version)) return false
  return (
    rule.resources?.some(item => {
      const [plural = '', sub] = item.split('/')
      const isPlural = plural === '*' || plural === type.plural
      if (subresource === undefined) return isPlural && (sub === undefined || (plural === '*' && sub === '*'))
      return isPlural && (sub === '*' || sub === subresource)
    }) === true
  )
}

/** Absent and empty selectors select everything. */
function selects(selector: LabelSelectorObject | undefined, labels: Readonly<Record<string, string>> | undefined): boolean {
  return labelSelectorOf(selector ?? {}).matches(labels)
}

function reviewOf(attributes: AdmissionAttributes) {
  const { resource, operation, subresource, namespace, name, object, oldObject, user, dryRun } = attributes
  const { group, version, kind, plural } = resource.type
  const kindOf = { group, version, kind }
  const resourceOf = { group, version, resource: plural }
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind: kindOf,
      resource: resourceOf,
      ...(subresource === undefined ? {} : { subResource: subresource, requestSubResource: subresource }),
      requestKind: kindOf,
      requestResource: resourceOf,
      name: name ?? '',
      ...(namespace === '' ? {} : { namespace }),
      operation,
      userInfo: { username: user.name, groups: user.groups, ...(user.uid === undefined ? {} : { uid: user.uid }) },
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun,
      options: null,
    },
  }
}

function denial(webhook: Webhook, { status }: AdmissionResponse): AdmissionDenial {
  const message = status?.message ?? status?.reason
  const why = message === undefined || message === '' ? ' denied the request without explanation' : ` denied the request: ${message}`
  return {
    denied: `admission webhook ${JSON.stringify(webhook.name)}${why}`,
    code: status?.code ?? 403,
    reason: status?.reason ?? 'Forbidden',
    ...(status?.details === undefined ? {} : { details: status.details }),
  }
}

/** Puts the patched state into the draft itself, which others hold. Whether anything is different then. */
function change(webhook: Webhook, draft: Draft, patch: string): boolean {
  let next: Record<string, unknown>
  try {
    next = cloneJson(applyJsonPatch(draft, JSON.parse(Buffer.from(patch, 'base64').toString('utf8')))) as Record<string, unknown>
  } catch (error) {
    throw internalError(
      `admission webhook ${JSON.stringify(webhook.name)} answered with a patch that cannot be applied: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  if (equalJson(draft, next)) return false
  for (const key of Object.keys(draft)) if (!(key in next)) delete draft[key]
  Object.assign(draft, next)
  return true
}
