/** What a change of template in place writes to a GameServer; the GameServer's own controller brings it to the pod. Pure. */
import { annotations } from '../../../apis/agones.dev/annotations.ts'
import type { GameServer } from '../../../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../../../kube/object.ts'
import type { Template } from '../../../servers/model.ts'
import { hashTemplate } from '../../../servers/revision/hash.ts'
import { updatingNote } from '../game-server/in-place.ts'

const known = new WeakMap<object, string>()

/** Names the template that a server carries. */
export function revisionOfServer({ spec }: DeepReadonly<GameServer>): string {
  const template = spec.template as Template
  let revision = known.get(template)
  if (revision === undefined) known.set(template, (revision = hashTemplate(template)))
  return revision
}

/**
 * A JSON patch that applies to this very version alone: a server that is allocated meanwhile stays as it is. In the same write a server whose game
 * restarts stops being Ready, so that nobody is sent there.
 */
export function templateChange(
  { metadata, spec, status }: DeepReadonly<GameServer>,
  template: Template,
  containers: readonly string[],
): object[] {
  const own = metadata.annotations ?? {}
  // What an earlier change has not finished goes on with this one.
  const names = [...new Set([...(own[annotations.updating]?.split(',') ?? []), ...containers])]
  const leaves = status?.state === 'Ready' && containers.includes(spec.container ?? '')
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    { op: 'replace', path: '/spec/template', value: template },
    ...(containers.length > 0
      ? [{ op: 'add', path: '/metadata/annotations', value: { ...own, [annotations.updating]: updatingNote(names) } }]
      : []),
    ...(leaves ? [{ op: 'replace', path: '/status/state', value: 'Scheduled' }] : []),
  ]
}
