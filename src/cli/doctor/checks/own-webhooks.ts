import { isMeantToRun } from '../../../families/okg/control/manager-presence.ts'
import { unknownOf, valueOf } from '../asked.ts'
import { componentOf } from '../component.ts'
import { dateOf, readCertificates } from '../certificates.ts'
import type { Facts, WebhookFacts } from '../facts.ts'
import { type Finding, findings } from '../finding.ts'

const dayMs = 24 * 60 * 60 * 1000
/** Whether the webhook is one of Berth's. */
export const isOwnWebhook = ({ webhook }: WebhookFacts): boolean => webhook.name.endsWith('.berth.dev')
const describe = ({ configuration, webhook }: WebhookFacts): string => `${configuration}/${webhook.name}`

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
  return [...checkServices(own), ...checkBundles(own, facts.now), ...checkServing(facts), ...checkProbe(facts)]
}

function checkServices(own: readonly WebhookFacts[]): Finding[] {
  const is = findings('webhooks')
  const first = own[0]
  if (first?.service === undefined) return []
  const { namespace = '', name = '' } = first.webhook.clientConfig.service ?? {}
  const unknown = unknownOf(
    'webhooks',
    `the Service ${namespace}/${name}`,
    first.service,
    ...(first.readyEndpoints === undefined ? [] : [first.readyEndpoints]),
  )
  if (unknown !== undefined) return [unknown]
  const todo = [`kubectl -n ${namespace} get pods,endpointslices -l app.kubernetes.io/component=webhooks`]
  const why = 'Bad input is no longer refused; it becomes a condition of the game server set. Good input is not hindered.'
  if (valueOf(first.service) === 'absent') return [is.problem(`the webhooks' Service ${namespace}/${name} does not exist`, { why, todo })]
  const ready = valueOf(first.readyEndpoints ?? { known: false, forbidden: false, reason: '' }) ?? 0
  if (ready === 0) return [is.problem(`the webhooks' Service ${namespace}/${name} has no ready endpoint`, { why, todo })]
  return [is.ok(`the webhooks' Service ${namespace}/${name} has ${ready} ready endpoint${ready === 1 ? '' : 's'}`)]
}

function checkBundles(own: readonly WebhookFacts[], now: number): Finding[] {
  const is = findings('webhooks.ca')
  const found = own.flatMap(fact => {
    const { caBundle } = fact.webhook.clientConfig
    const name = describe(fact)
    const todo = ['kubectl -n NAMESPACE logs -l app.kubernetes.io/component=webhooks --tail=50   # Berth writes the bundle itself']
    if (caBundle === undefined || caBundle === '')
      return [is.problem(`${name} trusts no certificate (caBundle is empty)`, { why: 'The API server cannot call it.', todo })]
    const certificates = readCertificates(Buffer.from(caBundle, 'base64').toString('utf8'))
    if (certificates.length === 0)
      return [is.problem(`${name} has a caBundle without a certificate`, { why: 'The API server cannot call it.', todo })]
    const last = Math.max(...certificates.map(({ validToDate }) => validToDate.getTime()))
    if (last <= now)
      return [
        is.problem(`the authority that ${name} trusts has expired on ${dateOf(last)}`, { why: 'The API server cannot call it.', todo }),
      ]
    if (last - now < 14 * dayMs)
      return [
        is.warning(`the authority that ${name} trusts expires on ${dateOf(last)}`, {
          why: 'Berth renews it long before; it did not.',
          todo,
        }),
      ]
    return []
  })
  return found.length > 0 ? found : [is.ok(`the webhooks' caBundle is valid`)]
}

function checkServing({ installation: { servingCertificate }, now }: Facts): Finding[] {
  const is = findings('webhooks.certificate')
  if (servingCertificate === undefined) return []
  const unknown = unknownOf('webhooks.certificate', "the Secret with the webhooks' certificate", servingCertificate)
  if (unknown !== undefined) return [unknown]
  const [certificate] = readCertificates(valueOf(servingCertificate) ?? '')
  const todo = ['kubectl -n NAMESPACE logs -l app.kubernetes.io/component=webhooks --tail=50   # it renews its certificate itself']
  if (certificate === undefined) return [is.problem("the Secret of the webhooks' certificate has none that can be read", { todo })]
  const [from, until] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()]
  if (until <= now)
    return [is.problem(`the webhooks' certificate has expired on ${dateOf(until)}`, { why: 'The API server does not trust it.', todo })]
  if (from > now) return [is.problem(`the webhooks' certificate is valid only from ${dateOf(from)}`, { why: 'A clock is wrong.', todo })]
  // It is renewed after two thirds of its life.
  if (until - now < (until - from) / 4)
    return [is.warning(`the webhooks' certificate expires on ${dateOf(until)}`, { why: 'It should have been renewed by now.', todo })]
  return [is.ok(`the webhooks' certificate is valid until ${dateOf(until)}`)]
}

function checkProbe({ probe, others }: Facts): Finding[] {
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
    return [is.ok('the webhooks are called and answer (a wrong set is refused, tried with a dry run)')]
  const isOkgThere = (valueOf(others.okgManagers) ?? []).some(isMeantToRun)
  return [
    is.problem(
      `the webhooks do not answer the API server: it admits what they refuse${isOkgThere ? "; OpenKruiseGame's manager is there" : ''}`,
      {
        why: 'Bad input is no longer refused; it becomes a condition of the game server set. Good input is not hindered.',
        todo: [
          'kubectl get events -A --field-selector reason=FailedCallingWebhook',
          'kubectl get --raw /metrics | grep apiserver_admission_webhook_fail_open_count',
        ],
      },
    ),
  ]
}
