import { X509Certificate } from 'node:crypto'
import { isMeantToRun } from '../../../families/okg/control/manager-presence.ts'
import { unknownOf, valueOf } from '../asked.ts'
import { componentOf } from '../component.ts'
import type { Facts, WebhookFacts } from '../facts.ts'
import { type Finding, findings } from '../finding.ts'

const dayMs = 24 * 60 * 60 * 1000
const isOwn = ({ webhook }: WebhookFacts): boolean => webhook.name.endsWith('.berth.dev')
const describe = ({ configuration, webhook }: WebhookFacts): string => `${configuration}/${webhook.name}`

/** Berth's own webhooks: certificates, and whether they answer. */
export function checkOwnWebhooks(facts: Facts): Finding[] {
  const unknown = unknownOf('webhooks', 'webhook configurations', facts.webhooks)
  if (unknown !== undefined) return [unknown]
  const is = findings('webhooks')
  const own = (valueOf(facts.webhooks) ?? []).filter(isOwn)
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
    const certificates = parseCertificates(Buffer.from(caBundle, 'base64').toString('utf8'))
    if (certificates.length === 0)
      return [is.problem(`${name} has a caBundle without a certificate`, { why: 'The API server cannot call it.', todo })]
    const last = Math.max(...certificates.map(({ validToDate }) => validToDate.getTime()))
    if (last <= now)
      return [is.problem(`the authority that ${name} trusts has expired on ${date(last)}`, { why: 'The API server cannot call it.', todo })]
    if (last - now < 14 * dayMs)
      return [
        is.warning(`the authority that ${name} trusts expires on ${date(last)}`, { why: 'Berth renews it long before; it did not.', todo }),
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
  const [certificate] = parseCertificates(valueOf(servingCertificate) ?? '')
  const todo = ['kubectl -n NAMESPACE logs -l app.kubernetes.io/component=webhooks --tail=50   # it renews its certificate itself']
  if (certificate === undefined) return [is.problem("the Secret of the webhooks' certificate has none that can be read", { todo })]
  const [from, until] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()]
  if (until <= now)
    return [is.problem(`the webhooks' certificate has expired on ${date(until)}`, { why: 'The API server does not trust it.', todo })]
  if (from > now) return [is.problem(`the webhooks' certificate is valid only from ${date(from)}`, { why: 'A clock is wrong.', todo })]
  // It is renewed after two thirds of its life.
  if (until - now < (until - from) / 4)
    return [is.warning(`the webhooks' certificate expires on ${date(until)}`, { why: 'It should have been renewed by now.', todo })]
  return [is.ok(`the webhooks' certificate is valid until ${date(until)}`)]
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

const readKinds = new Set([
  'pods',
  'services',
  'events',
  'controllerrevisions',
  'leases',
  'gameserversets',
  'gameservers',
  '*',
  '*/*',
  'pods/*',
  'pods/status',
])

/** Webhooks of others that stop what Berth does: nobody answers, and their failure is the request's. */
export function checkForeignWebhooks({ webhooks, now }: Facts): Finding[] {
  const is = findings('webhooks.foreign')
  if (!webhooks.known) return []
  const all = webhooks.value.filter(fact => !isOwn(fact) && fact.webhook.failurePolicy !== 'Ignore' && touches(fact))
  const found = all.flatMap(fact => {
    const trouble = troubleOf(fact, now)
    if (trouble === undefined) return []
    if (!trouble.known) return [is.unknown(`whether ${describe(fact)} is answered could not be read: ${trouble.reason}`)]
    return [
      is.problem(`${describe(fact)} fails closed: ${trouble.value}`, {
        why: `Every ${resourcesOf(fact)} it matches is refused until somebody answers or it is removed.`,
        todo: [`kubectl delete ${fact.kind.toLowerCase()} ${fact.configuration}   # if what it belongs to is gone for good`],
      }),
    ]
  })
  return found.length > 0 ? found : [is.ok(`no webhook of others that fails closed is unanswered (${all.length} looked at)`)]
}

function touches({ webhook }: WebhookFacts): boolean {
  return (webhook.rules ?? []).some(({ resources = [] }) => resources.some(resource => readKinds.has(resource)))
}

function resourcesOf({ webhook }: WebhookFacts): string {
  const rules = webhook.rules ?? []
  const operations = [...new Set(rules.flatMap(({ operations: some = [] }) => some))].join('/')
  return `${operations} of ${[...new Set(rules.flatMap(({ resources = [] }) => resources))].join(', ')}`
}

type Trouble = { readonly known: true; readonly value: string } | { readonly known: false; readonly reason: string }

function troubleOf({ service, readyEndpoints, webhook }: WebhookFacts, now: number): Trouble | undefined {
  if (service === undefined) return undefined
  const { namespace = '', name = '' } = webhook.clientConfig.service ?? {}
  if (!service.known) return { known: false, reason: service.reason }
  if (service.value === 'absent') return { known: true, value: `its Service ${namespace}/${name} does not exist` }
  if (readyEndpoints?.known === false) return { known: false, reason: readyEndpoints.reason }
  if ((readyEndpoints?.value ?? 0) === 0) return { known: true, value: `its Service ${namespace}/${name} has no ready endpoint` }
  const bundle = parseCertificates(Buffer.from(webhook.clientConfig.caBundle ?? '', 'base64').toString('utf8'))
  const last = Math.max(...bundle.map(({ validToDate }) => validToDate.getTime()))
  return bundle.length > 0 && last <= now ? { known: true, value: `the authority it trusts has expired on ${date(last)}` } : undefined
}

function parseCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.flatMap(block => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return []
    }
  })
}

function date(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
