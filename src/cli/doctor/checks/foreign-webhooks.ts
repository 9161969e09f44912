import { findings, type Finding } from '../finding.ts'
import type { Facts, WebhookFacts } from '../facts.ts'
import { dateOf, readCertificates } from '../certificates.ts'
import { isOwnWebhook } from './own-webhooks.ts'

/** Resources that Berth writes, or that its users do. */
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
  const all = webhooks.value.filter(fact => !isOwnWebhook(fact) && fact.webhook.failurePolicy !== 'Ignore' && touches(fact))
  const found = all.flatMap(fact => {
    const trouble = troubleOf(fact, now)
    if (trouble === undefined) return []
    if (!trouble.known) return [is.unknown(`whether ${nameOf(fact)} is answered could not be read: ${trouble.reason}`)]
    return [
      is.problem(`${nameOf(fact)} fails closed: ${trouble.value}`, {
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
  const bundle = readCertificates(Buffer.from(webhook.clientConfig.caBundle ?? '', 'base64').toString('utf8'))
  const last = Math.max(...bundle.map(({ validToDate }) => validToDate.getTime()))
  return bundle.length > 0 && last <= now ? { known: true, value: `the authority it trusts has expired on ${dateOf(last)}` } : undefined
}

function nameOf({ configuration, webhook }: WebhookFacts): string {
  return `${configuration}/${webhook.name}`
}
