import type { X509Certificate } from 'node:crypto'
import { unknownOf, valueOf } from '../asked.ts'
import { dateOf, readCertificates } from '../certificates.ts'
import { componentOf } from '../component.ts'
import type { Facts, WebhookFacts } from '../facts.ts'
import { type Finding, findings } from '../finding.ts'

const dayMs = 24 * 60 * 60 * 1000
const notRefused = 'Bad input is no longer refused; it becomes a condition of the game server set. Good input is not hindered.'

/** Whether the webhook is one of Berth's. */
export const isOwnWebhook = ({ webhook }: WebhookFacts): boolean => webhook.name.endsWith('.berth.dev')

/** Berth's own webhooks: certificates, and whether they answer. */
export function checkOwnWebhooks(facts: Facts): Finding[] {
  const unknown = unknownOf('webhooks', 'webhook configurations', facts.webhooks)
  if (unknown !== undefined) return [unknown]
  const is = findings('webhooks')
  const own = (valueOf(facts.webhooks) ?? []).filter(isOwnWebhook)
  if (own.length === 0) {
    const isWanted = (valueOf(facts.installation.deployments) ?? []).some(deployment => componentOf(deployment) === 'webhooks')
    if (!isWanted) return []
    return [
      is.problem("Berth's webhooks run, but their ValidatingWebhookConfiguration is missing", {
        why: 'Nobody calls them.',
        todo: ['helm upgrade RELEASE deploy/chart --reuse-values'],
      }),
    ]
  }
  return [...checkService(own), ...own.flatMap(fact => checkBundle(fact, facts.now)), ...checkServing(facts, own), ...checkProbe(facts)]
}

function checkService(own: readonly WebhookFacts[]): Finding[] {
  const is = findings('webhooks')
  const [first] = own
  if (first?.service === undefined || first.readyEndpoints === undefined) return []
  const { namespace = '', name = '' } = first.webhook.clientConfig.service ?? {}
  const what = `the webhooks' Service ${namespace}/${name}`
  const unknown = unknownOf('webhooks', what, first.service, first.readyEndpoints)
  if (unknown !== undefined) return [unknown]
  const rest = { why: notRefused, todo: [`kubectl -n ${namespace} get pods,endpointslices -l app.kubernetes.io/component=webhooks`] }
  if (valueOf(first.service) === 'absent') return [is.problem(`${what} does not exist`, rest)]
  const ready = valueOf(first.readyEndpoints) ?? 0
  return [ready === 0 ? is.problem(`${what} has no ready endpoint`, rest) : is.ok(`${what} has ready endpoints (${ready})`)]
}

function checkBundle(fact: WebhookFacts, now: number): Finding[] {
  const is = findings('webhooks.ca')
  const name = `${fact.configuration}/${fact.webhook.name}`
  const certificates = bundleOf(fact)
  const rest = { why: 'The API server cannot call it.', todo: logsOf(fact) }
  if ((fact.webhook.clientConfig.caBundle ?? '') === '') return [is.problem(`${name} trusts no certificate (caBundle is empty)`, rest)]
  if (certificates.length === 0) return [is.problem(`${name} has a caBundle without a certificate`, rest)]
  const last = Math.max(...certificates.map(({ validToDate }) => validToDate.getTime()))
  if (last <= now) return [is.problem(`the authority that ${name} trusts has expired on ${dateOf(last)}`, rest)]
  if (last - now < 14 * dayMs) {
    const why = 'Berth renews it long before; it did not.'
    return [is.warning(`the authority that ${name} trusts expires on ${dateOf(last)}`, { ...rest, why })]
  }
  return [is.ok(`${name} trusts an authority that is valid until ${dateOf(last)}`)]
}

function checkServing({ installation: { servingCertificate }, now }: Facts, own: readonly WebhookFacts[]): Finding[] {
  const is = findings('webhooks.certificate')
  if (servingCertificate === undefined) return []
  const unknown = unknownOf('webhooks.certificate', "the Secret with the webhooks' certificate", servingCertificate)
  if (unknown !== undefined) return [unknown]
  const [certificate] = readCertificates(valueOf(servingCertificate) ?? '')
  const rest = { why: 'The API server does not trust it.', todo: logsOf(own[0]) }
  if (certificate === undefined) return [is.problem("the Secret with the webhooks' certificate has none that can be read", rest)]
  const [from, until] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()]
  if (until <= now) return [is.problem(`the webhooks' certificate has expired on ${dateOf(until)}`, rest)]
  if (from > now) return [is.problem(`the webhooks' certificate is valid only from ${dateOf(from)}`, { ...rest, why: 'A clock is wrong.' })]
  if (!own.every(fact => isTrusted(certificate, bundleOf(fact)))) {
    return [is.problem("the webhooks' certificate is not from the authority in caBundle", rest)]
  }
  // It is renewed after two thirds of its life.
  if (until - now < (until - from) / 4) {
    return [is.warning(`the webhooks' certificate expires on ${dateOf(until)}`, { ...rest, why: 'It should have been renewed by now.' })]
  }
  return [is.ok(`the webhooks' certificate is valid until ${dateOf(until)}`)]
}

function checkProbe({ probe }: Facts): Finding[] {
  const is = findings('webhooks.answer')
  if (probe === undefined) return []
  if (!probe.known) {
    return [
      is.unknown(`whether the webhooks answer could not be tried: ${probe.reason}`, {
        ...(probe.forbidden && { todo: ['# needs the right to create gameserversets; nothing is created'] }),
      }),
    ]
  }
  if (probe.value === 'refused by Berth')
    return [is.ok('the API server reaches the webhooks: a wrong set is refused (tried with a dry run)')]
  return [
    is.problem('the webhooks do not answer the API server: it admits what they refuse', {
      why: notRefused,
      todo: ['kubectl get --raw /metrics | grep apiserver_admission_webhook_fail_open_count'],
    }),
  ]
}

function bundleOf({ webhook }: WebhookFacts): X509Certificate[] {
  return readCertificates(Buffer.from(webhook.clientConfig.caBundle ?? '', 'base64').toString('utf8'))
}

/** A bundle that is empty is a finding of its own. */
function isTrusted(certificate: X509Certificate, bundle: readonly X509Certificate[]): boolean {
  return bundle.length === 0 || bundle.some(authority => certificate.checkIssued(authority) && certificate.verify(authority.publicKey))
}

/** Berth keeps certificate and bundle itself; why it does not is in its log. */
function logsOf(fact: WebhookFacts | undefined): string[] {
  const namespace = fact?.webhook.clientConfig.service?.namespace
  return namespace === undefined ? [] : [`kubectl -n ${namespace} logs -l app.kubernetes.io/component=webhooks --tail=50`]
}
