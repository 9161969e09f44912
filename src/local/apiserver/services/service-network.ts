import { isIPv4 } from 'node:net'
import type { HostPlan } from '../../host-plan.ts'

/** Whether a cluster IP is in the cluster's /16. */
export function inNetwork(ip: string, { cidr }: Pick<HostPlan['serviceNetwork'], 'cidr'>): boolean {
  return isIPv4(ip) && ip.split('.').slice(0, 2).join('.') === cidr.split('.').slice(0, 2).join('.')
}
