import { serviceRows } from './clouds/rows.ts'
import type { AddressEngine } from './engine.ts'
import type { Parameter, ParameterProblem } from './model.ts'
import { suggestion } from './nearest.ts'
import { parseContainerPorts } from './providers/host-port/container-ports.ts'
import { hostPortProviderName } from './providers/host-port/host-port-provider.ts'
import { parseSettings } from './providers/service/settings.ts'

/** The part of the engine that only checks what claims say: for those who refuse bad input and give no addresses. */
export type ParameterValidator = Pick<AddressEngine, 'providers' | 'validate'>

type Parse = (
  parameters: readonly Parameter[],
) => { readonly ok: true } | { readonly ok: false; readonly problems: readonly ParameterProblem[] }

const parsers = new Map<string, Parse>([
  [hostPortProviderName, parseContainerPorts],
  ...serviceRows.map((row): [string, Parse] => [row.provider, parameters => parseSettings(row, parameters)]),
])

/** Answers as an engine would, without a cluster. */
export const parameterValidator: ParameterValidator = {
  providers: [...parsers.keys()],
  validate(provider, parameters) {
    const parse = parsers.get(provider)
    if (parse === undefined) return [{ name: provider, message: unknownProvider(provider) }]
    const parsed = parse(parameters)
    return parsed.ok ? [] : parsed.problems
  },
}

/** The sentence about a provider that does not exist. */
export function unknownProvider(provider: string): string {
  return `there is no network type ${JSON.stringify(provider)}${suggestion(provider, parameterValidator.providers)}`
}
