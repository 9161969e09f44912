/** The media type of Kubernetes' protobuf bodies. */
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'

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
