import { readFileSync } from 'node:fs'

/** How a field goes into JSON. */
export interface FieldCodec {
  readonly name: string
  /** A scalar, a special form (`time`, `quantity`, …) or the name of a message. */
  readonly type: string
  readonly repeated: boolean
  readonly map: boolean
  /** The message's fields belong to the parent. */
  readonly inline: boolean
  /** A zero value is sent on: Kubernetes leaves out the others. */
  readonly keepsZero: boolean
}

export type MessageCodec = ReadonlyMap<number, FieldCodec>

interface Generated {
  readonly kinds: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  readonly messages: Readonly<Record<string, readonly (readonly [number, string, string, string?])[]>>
}

let generated: Generated | undefined
const codecs = new Map<string, MessageCodec>()

/** Read at the first protobuf body. */
function facts(): Generated {
  generated ??= JSON.parse(readFileSync(new URL('./fields.generated.json', import.meta.url), 'utf8')) as Generated
  return generated
}

/** The message of a kind; options such as DeleteOptions are sent under any group-version. */
export function messageOfKind(apiVersion: string, kind: string): string | undefined {
  return facts().kinds[`${apiVersion}/${kind}`] ?? facts().options[kind]
}

export function codecOf(message: string): MessageCodec {
  let codec = codecs.get(message)
  if (codec === undefined) {
    const rows = facts().messages[message] ?? []
    codec = new Map(
      rows.map(([number, name, type, flags = '']) => [
        number,
        {
          name,
          type,
          repeated: flags.includes('r'),
          map: flags.includes('m'),
          inline: flags.includes('i'),
          keepsZero: flags.includes('z'),
        },
      ]),
    )
    codecs.set(message, codec)
  }
  return codec
}
