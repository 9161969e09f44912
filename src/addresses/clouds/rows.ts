import { nodePort } from '../providers/node-port/row.ts'
import type { ServiceRow } from '../providers/service/row.ts'
import { huaweiCceElb, huaweiElb } from './huawei.ts'
import { volcengineClb } from './volcengine.ts'

/** All network types that give every server a Service. */
export const serviceRows: readonly ServiceRow[] = [nodePort, volcengineClb, huaweiElb, huaweiCceElb]
