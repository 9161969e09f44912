import type { AccountRights, Facts } from '../facts.ts'
import { type Finding, findings } from '../finding.ts'

/** Whether everybody may do what he has to. */
export function checkRights({ rights }: Facts): Finding[] {
  return rights.map(account => (account.user === undefined ? ofUser(account) : ofAccount(account, account.user)))
}

function ofUser({ purpose, missing }: AccountRights): Finding {
  const is = findings('rights.user')
  if (!missing.known) return is.unknown(`your own rights could not be read: ${missing.reason}`)
  if (missing.value.length === 0) return is.ok(`you may work with ${purpose}`)
  return is.warning(`you may not work fully with ${purpose}: ${shortened(missing.value)}`, {
    why: 'Some commands of berth will be refused.',
    todo: ['# ask an administrator of the cluster, or name another namespace with -n'],
  })
}

function ofAccount({ purpose, missing }: AccountRights, user: string): Finding {
  const is = findings('rights.controller')
  if (!missing.known) {
    return is.unknown(`what ${purpose} may do could not be read: ${missing.reason}`, {
      todo: ['# run berth doctor with the rights of an administrator of the cluster'],
    })
  }
  if (missing.value.length === 0) return is.ok(`${purpose} has every right it needs`)
  return is.problem(`${purpose} may not ${shortened(missing.value)}`, {
    why: 'It cannot do its work, or waits for what it may not read.',
    todo: [
      'helm upgrade RELEASE deploy/chart --reuse-values   # renders the roles anew (rbac.create must be true)',
      `kubectl auth can-i --list --as=${user}`,
    ],
  })
}

function shortened(missing: readonly string[]): string {
  return missing.length <= 4 ? missing.join(', ') : `${missing.slice(0, 4).join(', ')} and ${missing.length - 4} more`
}
