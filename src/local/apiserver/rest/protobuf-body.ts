import { unsupportedMediaType } from '../status-errors.ts'

export function decodeProtobufBody(_bytes: Buffer): unknown {
  throw unsupportedMediaType(['application/json', 'application/yaml'])
}
