import { decodeProtobuf, ProtobufError } from '../protobuf/decode.ts'
import { badRequest, unsupportedMediaType } from '../status-errors.ts'

/** A protobuf body as the JSON it stands for. Throws 400 and, for kinds whose protobuf form is not known, 415. */
export function decodeProtobufBody(bytes: Buffer): unknown {
  try {
    return decodeProtobuf(bytes)
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    throw error.status === 415 ? unsupportedMediaType(['application/json', 'application/yaml']) : badRequest(error.message)
  }
}
