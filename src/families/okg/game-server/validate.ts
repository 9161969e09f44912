import { nearest, suggestion } from '../../../addresses/nearest.ts'
import type { PodTemplateSpec } from '../../../apis/core/types.generated.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { opsStates } from '../../../apis/game.kruise.io/states.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import { intentProblems } from './intent.ts'

/** Overrides of containers that the set does not have: they would change nothing, and somebody would wait for them. Those that were there before stay. */
export function overrideErrors(
  server: DeepReadonly<GameServer>,
  old: DeepReadonly<GameServer> | undefined,
  set: DeepReadonly<GameServerSet>,
): FieldError[] {
  const { spec } = set.spec.gameServerTemplate as DeepReadonly<PodTemplateSpec>
  const known = (spec?.containers ?? []).map(({ name }) => name)
  const before = new Set(old?.spec?.containers?.map(({ name }) => name))
  return (server.spec?.containers ?? []).flatMap(({ name }, index) => {
    if (known.includes(name) || before.has(name)) return []
    const detail = `GameServerSet ${set.metadata.name} has no such container${suggestion(name, known)}`
    return [{ type: 'FieldValueInvalid', field: `spec.containers[${index}].name`, value: name, detail }]
  })
}

/** What is let through, as programs that exist may send it, but does not do what its author seems to want. */
export function intentWarnings(server: DeepReadonly<GameServer>, old: DeepReadonly<GameServer> | undefined): string[] {
  const known = new Set(old === undefined ? [] : intentProblems(old).map(({ message }) => message))
  const warnings = intentProblems(server).flatMap(({ message }) => (known.has(message) ? [] : [message]))
  const { opsState = '' } = server.spec ?? {}
  const meant = nearest(opsState, opsStates)
  if (meant !== undefined && meant !== opsState && opsState !== old?.spec?.opsState)
    warnings.push(`spec.opsState: ${JSON.stringify(opsState)} counts as None; did you mean ${JSON.stringify(meant)}?`)
  return warnings
}
