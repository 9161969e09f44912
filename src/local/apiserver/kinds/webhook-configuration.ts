import type { MutatingWebhookConfiguration } from '../../../apis/core/types.generated.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import { matchConditionProblem } from '../../../schema/cel/match-condition.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import type { KindStrategy } from '../registry.ts'
import { invalid, oneOf, required } from './field-errors.ts'

export const webhookConfigurationStrategy: KindStrategy = {
  hasGeneration: true,
  applyDefaults(draft) {
    const configuration = draft as unknown as MutatingWebhookConfiguration
    for (const webhook of configuration.webhooks ?? []) {
      webhook.failurePolicy ??= 'Fail'
      webhook.matchPolicy ??= 'Equivalent'
      webhook.namespaceSelector ??= {}
      webhook.objectSelector ??= {}
      webhook.timeoutSeconds ??= 10
      if (draft.kind === 'MutatingWebhookConfiguration') webhook.reinvocationPolicy ??= 'Never'
      for (const rule of webhook.rules ?? []) rule.scope ??= '*'
      if (webhook.clientConfig?.service !== undefined) webhook.clientConfig.service.port ??= 443
    }
  },
  validate(object) {
    const { webhooks } = object as unknown as DeepReadonly<MutatingWebhookConfiguration>
    return (webhooks ?? []).flatMap((webhook, index) => [
      ...webhookErrors(webhook, `webhooks[${index}]`),
      ...(webhook.matchConditions ?? []).flatMap(({ name, expression }, at) => {
        const field = `webhooks[${index}].matchConditions[${at}]`
        if (name === '') return [required(`${field}.name`)]
        if (expression === '') return [required(`${field}.expression`)]
        const problem = matchConditionProblem(expression)
        return problem === undefined ? [] : [invalid(`${field}.expression`, expression, problem)]
      }),
    ])
  },
}

type Webhook = NonNullable<MutatingWebhookConfiguration['webhooks']>[number]

const reviewVersions: readonly string[] = ['v1', 'v1beta1']

function webhookErrors(webhook: DeepReadonly<Webhook>, at: string): FieldError[] {
  const { name, clientConfig, sideEffects, admissionReviewVersions, timeoutSeconds = 10 } = webhook
  const errors: FieldError[] = []
  if (name.split('.').length < 3) {
    errors.push(invalid(`${at}.name`, name, 'should be a domain with at least three segments separated by dots'))
  }
  const versions = admissionReviewVersions ?? []
  if (versions.length === 0) {
    errors.push(required(`${at}.admissionReviewVersions`, `must specify one of ${reviewVersions.join(', ')}`))
  } else if (!versions.some(version => reviewVersions.includes(version))) {
    const detail = `must include at least one of ${reviewVersions.join(', ')}`
    errors.push(invalid(`${at}.admissionReviewVersions`, versions, detail))
  }
  errors.push(...oneOf(`${at}.sideEffects`, sideEffects, ['None', 'NoneOnDryRun']))
  if (timeoutSeconds < 1 || timeoutSeconds > 30) {
    errors.push(invalid(`${at}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'))
  }
  const scheme = clientConfig?.url?.split(':')[0]
  if (scheme !== undefined && scheme !== 'https') {
    const detail = "'https' is the only allowed URL scheme; desired format: https://host[/path]"
    errors.push(invalid(`${at}.clientConfig.url`, scheme, detail))
  }
  return errors
}
