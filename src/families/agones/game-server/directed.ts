/**
 * Directed updates: images that somebody wants in one server alone, as annotations `image.berth.dev/<container>`. They win over every template, on
 * the running server and on a new pod, until they are taken off. Pure.
 */
import { imagePrefix } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { FieldError } from '../../../schema/field-error.ts'
import type { ContainerOverride } from '../../../servers/model.ts'

type Server = DeepReadonly<Pick<GameServer, 'metadata' | 'spec'>>

/** By container, in no order. Empty images mean nothing. */
export function directedImages({ metadata }: DeepReadonly<Pick<GameServer, 'metadata'>>): readonly Required<ContainerOverride>[] {
  return Object.entries(metadata.annotations ?? {}).flatMap(([key, image]) =>
    key.startsWith(imagePrefix) && image !== '' ? [{ name: key.slice(imagePrefix.length), image }] : [],
  )
}

/** What a container of this server shall run; empty when nobody says. */
export function wantedImage({ metadata, spec }: Server, container: string): string {
  const directed = metadata.annotations?.[imagePrefix + container] ?? ''
  if (directed !== '') return directed
  return spec.template.spec?.containers.find(({ name }) => name === container)?.image ?? ''
}

/** What is wrong with directed images that are new; those that were there already are somebody else's. */
export function directedErrors(server: Server, old: Server | undefined): FieldError[] {
  const containers = (server.spec.template.spec?.containers ?? []).map(({ name }) => name)
  return Object.entries(server.metadata.annotations ?? {}).flatMap(([key, value]): FieldError[] => {
    if (!key.startsWith(imagePrefix) || old?.metadata.annotations?.[key] === value) return []
    const field = `metadata.annotations[${key}]`
    const name = key.slice(imagePrefix.length)
    if (!containers.includes(name))
      return [{ type: 'FieldValueInvalid', field, value, detail: `there is no container ${name}; there are: ${containers.join(', ')}` }]
    if (/^\S+$/.test(value)) return []
    return [{ type: 'FieldValueInvalid', field, value, detail: 'must be an image; take the annotation off to go back to the template' }]
  })
}
