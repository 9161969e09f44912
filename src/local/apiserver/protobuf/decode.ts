import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { codecOf, type FieldCodec, messageOfKind } from './messages.ts'

/** A body that is no Kubernetes protobuf, or of a kind that is not known here; the API answers with `status`. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
  /** 400 for a broken body, 415 for a kind without a known message. */
  readonly status: 400 | 415

  constructor(status: 400 | 415, message: string) {
    super(message)
    this.status = status
  }
}

type Json = Record<string, unknown>

const magic = [0x6b, 0x38, 0x73, 0x00]

/**
 * Decodes a body of type `application/vnd.kubernetes.protobuf` (`k8s\0` and a runtime.Unknown) into the JSON object that Kubernetes would have sent.
 * Contract: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 * @throws ProtobufError
 */
export function decodeProtobuf(body: Uint8Array): Json {
  if (body.length === 0) return {}
  if (magic.some((byte, index) => body[index] !== byte)) {
    throw new ProtobufError(400, 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  }
  try {
    const { apiVersion, kind, raw } = decodeUnknown(body.subarray(magic.length))
    const message = messageOfKind(apiVersion, kind)
    if (message === undefined) throw new ProtobufError(415, `no protobuf form of ${kind} in ${apiVersion} is known: send JSON`)
    return { kind, apiVersion, ...decodeMessage(raw, message) }
  } catch (error) {
    if (error instanceof ProtobufError) throw error
    throw new ProtobufError(400, `the body is no valid protobuf message: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function decodeUnknown(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  const result: { apiVersion: string; kind: string; raw: Uint8Array } = { apiVersion: '', kind: '', raw: new Uint8Array() }
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag()
    if (number === 2) result.raw = reader.bytes()
    else if (number === 1) {
      const meta = new BinaryReader(reader.bytes())
      while (meta.pos < meta.len) {
        const [field, type] = meta.tag()
        if (field === 1) result.apiVersion = meta.string()
        else if (field === 2) result.kind = meta.string()
        else meta.skip(type, field)
      }
    } else reader.skip(wire, number)
  }
  return result
}

function decodeMessage(bytes: Uint8Array, message: string): Json {
  const codec = codecOf(message)
  const reader = new BinaryReader(bytes)
  const result: Json = {}
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag()
    const field = codec.get(number)
    if (field === undefined) reader.skip(wire, number)
    else if (field.map) decodeEntry(reader.bytes(), field, result)
    else if (field.repeated) {
      const list = (result[field.name] ??= []) as unknown[]
      if (wire === WireType.LengthDelimited && isPackable(field.type)) decodePacked(reader.bytes(), field.type, list)
      else list.push(decodeValue(reader, field.type))
    } else {
      const value = decodeValue(reader, field.type)
      if (field.inline) Object.assign(result, value)
      else if (value !== undefined && (field.keepsZero || (value !== '' && value !== 0 && value !== false))) result[field.name] = value
    }
  }
  return result
}

function decodeEntry(bytes: Uint8Array, field: FieldCodec, result: Json): void {
  const reader = new BinaryReader(bytes)
  let key = ''
  let value: unknown
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag()
    if (number === 1) key = reader.string()
    else if (number === 2) value = decodeValue(reader, field.type)
    else reader.skip(wire, number)
  }
  const map = (result[field.name] ??= {}) as Json
  Object.defineProperty(map, key, { value: value ?? zeroOf(field.type), enumerable: true, configurable: true, writable: true })
}

const isPackable = (type: string) => ['bool', 'int32', 'int64', 'uint32', 'uint64', 'double'].includes(type)

function decodePacked(bytes: Uint8Array, type: string, list: unknown[]): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) list.push(decodeValue(reader, type))
}

function zeroOf(type: string): unknown {
  if (type === 'string' || type === 'bytes') return ''
  return type === 'strings' ? [] : {}
}

function decodeValue(reader: BinaryReader, type: string): unknown {
  switch (type) {
    case 'string':
      return reader.string()
    case 'bool':
      return reader.bool()
    case 'int32':
      return reader.int32()
    case 'int64':
      return Number(reader.int64())
    case 'uint32':
      return reader.uint32()
    case 'uint64':
      return Number(reader.uint64())
    case 'double':
      return reader.double()
    case 'bytes':
      return base64(reader.bytes())
    case 'time':
    case 'microTime':
      return decodeTime(reader.bytes(), type)
    case 'quantity':
      return decodeFirst(reader.bytes(), inner => inner.string()) ?? '0'
    case 'raw':
      return decodeRaw(reader.bytes())
    case 'intOrString':
      return decodeIntOrString(reader.bytes())
    case 'strings':
      return decodeStrings(reader.bytes())
    default:
      return decodeMessage(reader.bytes(), type)
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** Field 1 of a message that has only that. */
function decodeFirst<T>(bytes: Uint8Array, read: (reader: BinaryReader) => T): T | undefined {
  const reader = new BinaryReader(bytes)
  let value: T | undefined
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag()
    if (number === 1) value = read(reader)
    else reader.skip(wire, number)
  }
  return value
}

function decodeStrings(bytes: Uint8Array): string[] {
  const list: string[] = []
  decodeFirst(bytes, reader => list.push(reader.string()))
  return list
}

/** A time that was never set is an empty message, and absent in JSON. */
function decodeTime(bytes: Uint8Array, type: 'time' | 'microTime'): string | undefined {
  if (bytes.length === 0) return undefined
  const reader = new BinaryReader(bytes)
  let seconds = 0
  let nanos = 0
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag()
    if (number === 1) seconds = Number(reader.int64())
    else if (number === 2) nanos = reader.int32()
    else reader.skip(wire, number)
  }
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  return type === 'time' ? `${text}Z` : `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`
}

/** RawExtension and FieldsV1 carry JSON text. */
function decodeRaw(bytes: Uint8Array): unknown {
  const raw = decodeFirst(bytes, reader => reader.bytes())
  if (raw === undefined || raw.length === 0) return undefined
  return JSON.parse(new TextDecoder().decode(raw)) as unknown
}

function decodeIntOrString(bytes: Uint8Array): number | string {
  const reader = new BinaryReader(bytes)
  let isText = false
  let number = 0
  let text = ''
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag()
    if (field === 1) isText = Number(reader.int64()) === 1
    else if (field === 2) number = reader.int32()
    else if (field === 3) text = reader.string()
    else reader.skip(wire, field)
  }
  return isText ? text : number
}
