import { may, type Permission } from '../staff/permission.ts'
import type { SignedIn } from '../staff/session.ts'

/**
 * Who may use a route: everybody, whoever is signed in, only the patron whose card stands in the path (`own-card`: no
 * permission opens it to staff), whoever has a permission, or also the patron whose card it is (`orOwnCard`) or who asks about themselves (`orPatron`: the handler narrows it to their own).
 */
export type Access =
  | 'anyone'
  | 'signed-in'
  | 'own-card'
  | { readonly needs: Permission; readonly orOwnCard?: true; readonly orPatron?: true }

/** Whether this person may use a route of this access; `card` is the one in the path. */
export function isLetIn(access: Access, who: SignedIn | undefined, card: string | undefined): boolean {
  if (access === 'anyone') return true
  if (access === 'signed-in') return who !== undefined
  if (access === 'own-card') return who?.kind === 'patron' && who.card === card
  if (may(who, access.needs)) return true
  if (who?.kind !== 'patron') return false
  if (access.orOwnCard) return may(who, 'own-account') && who.card === card
  return access.orPatron === true && may(who, 'own-account')
}

/** The one table of who may do what on the API. A route that is not here cannot be registered. */
export const apiAccess: Readonly<Record<string, Access>> = {
  'POST /api/v1/sessions': 'anyone',
  'DELETE /api/v1/sessions': 'signed-in',
  'GET /api/v1/me': 'signed-in',
  'POST /api/v1/me/password': 'signed-in',

  'POST /api/v1/books/search': { needs: 'search' },
  'GET /api/v1/suggestions': { needs: 'search' },
  'GET /api/v1/books/:id': { needs: 'search' },
  'POST /api/v1/books': { needs: 'catalogue-write' },
  'PATCH /api/v1/books/:id': { needs: 'catalogue-write' },
  'POST /api/v1/books/:id/copies': { needs: 'catalogue-write' },
  'PATCH /api/v1/copies/:barcode': { needs: 'catalogue-write' },
  'GET /api/v1/copies/:barcode': { needs: 'take-back' },

  'POST /api/v1/books/:id/checkout': { needs: 'lend' },
  'POST /api/v1/loans': { needs: 'lend' },
  'GET /api/v1/loans/overdue': { needs: 'patron-read' },
  'GET /api/v1/reports/loans': { needs: 'reports' },
  'GET /api/v1/reports/top-titles': { needs: 'reports' },
  'GET /api/v1/reports/overdue': { needs: 'patron-read' },
  'GET /api/v1/reports/holds': { needs: 'reports' },
  'GET /api/v1/reports/inventory': { needs: 'reports' },
  'GET /api/v1/reports/dead-stock': { needs: 'reports' },
  'POST /api/v1/returns': { needs: 'take-back' },
  'POST /api/v1/renewals': { needs: 'renew', orPatron: true },
  'POST /api/v1/holds': { needs: 'hold', orPatron: true },
  'DELETE /api/v1/holds/:id': { needs: 'hold', orPatron: true },
  'POST /api/v1/holds/:id/suspend': { needs: 'hold', orPatron: true },
  'POST /api/v1/holds/:id/resume': { needs: 'hold', orPatron: true },
  'POST /api/v1/holds/:id/pickup': { needs: 'hold', orPatron: true },
  'GET /api/v1/branches/:code/pull-list': { needs: 'hold' },
  'GET /api/v1/branches/:code/hold-shelf': { needs: 'hold' },

  'GET /api/v1/patrons': { needs: 'patron-read' },
  'POST /api/v1/patrons': { needs: 'patron-write' },
  'POST /api/v1/patrons/import': { needs: 'patron-write' },
  'GET /api/v1/patrons/:card': { needs: 'patron-read', orOwnCard: true },
  'PATCH /api/v1/patrons/:card': { needs: 'patron-write' },
  'POST /api/v1/patrons/:card/block': { needs: 'patron-write' },
  'POST /api/v1/patrons/:card/unblock': { needs: 'patron-write' },
  'POST /api/v1/patrons/:card/extend': { needs: 'patron-write' },
  'POST /api/v1/patrons/:card/password': { needs: 'patron-write' },
  'GET /api/v1/patrons/:card/history': 'own-card',
  'POST /api/v1/patrons/:card/history': { needs: 'patron-write', orOwnCard: true },
  'GET /api/v1/patrons/:card/merge': { needs: 'patron-write' },
  'POST /api/v1/patrons/:card/merge': { needs: 'patron-write' },
  'GET /api/v1/patrons/:card/loans': { needs: 'patron-read', orOwnCard: true },
  'GET /api/v1/patrons/:card/holds': { needs: 'patron-read', orOwnCard: true },
  'GET /api/v1/patrons/:card/fines': { needs: 'patron-read', orOwnCard: true },
  'POST /api/v1/patrons/:card/payments': { needs: 'fine-take' },
  'POST /api/v1/patrons/:card/waivers': { needs: 'fine-waive' },

  'GET /api/v1/rules': { needs: 'lend' },
  'PUT /api/v1/rules': { needs: 'rules-write' },
  'GET /api/v1/rules/explain': { needs: 'lend' },
  'GET /api/v1/library': 'anyone',
  'PATCH /api/v1/library': { needs: 'settings' },
  'GET /api/v1/branches': 'anyone',
  'POST /api/v1/branches': { needs: 'settings' },
  'GET /api/v1/patron-categories': 'anyone',
  'POST /api/v1/patron-categories': { needs: 'settings' },
  'GET /api/v1/item-types': 'anyone',
  'POST /api/v1/item-types': { needs: 'settings' },
  'GET /api/v1/branches/:code/closed-days': 'anyone',
  'POST /api/v1/branches/:code/closed-days': { needs: 'rules-write' },
  'DELETE /api/v1/branches/:code/closed-days/:day': { needs: 'rules-write' },

  'GET /api/v1/barcode-formats': { needs: 'catalogue-write' },
  'PUT /api/v1/branches/:code/barcode-format': { needs: 'rules-write' },
  'DELETE /api/v1/branches/:code/barcode-format': { needs: 'rules-write' },
  'GET /api/v1/branches/:code/shelf-plan': { needs: 'catalogue-write' },
  'GET /api/v1/branches/:code/shelf-plan/explain': { needs: 'catalogue-write' },
  'PUT /api/v1/branches/:code/shelf-plan': { needs: 'rules-write' },
  'GET /api/v1/card-formats': { needs: 'patron-write' },
  'PUT /api/v1/branches/:code/card-format': { needs: 'rules-write' },
  'DELETE /api/v1/branches/:code/card-format': { needs: 'rules-write' },

  'POST /api/v1/imports': { needs: 'import' },
  'GET /api/v1/imports': { needs: 'import' },
  'GET /api/v1/imports/:id': { needs: 'import' },
  'GET /api/v1/imports/:id/rejects': { needs: 'import' },
  'GET /api/v1/imports/:id/rejects-file': { needs: 'import' },
  'POST /api/v1/imports/:id/undo': { needs: 'import' },
  'GET /api/v1/export': { needs: 'export' },

  'GET /api/v1/halt': { needs: 'halt' },
  'POST /api/v1/halt': { needs: 'halt' },
  'POST /api/v1/resume': { needs: 'resume' },

  'GET /api/v1/operations': { needs: 'operate' },
  'GET /api/v1/operations/:id': { needs: 'operate' },
  'POST /api/v1/operations/withdraw-copies': { needs: 'withdraw' },
  'POST /api/v1/operations/edit-copies': { needs: 'catalogue-write' },
  'POST /api/v1/operations/merge-titles': { needs: 'catalogue-write' },
  'POST /api/v1/operations/turn-notices-on': { needs: 'settings' },
  'POST /api/v1/operations/erase-patron': { needs: 'erase' },
  'POST /api/v1/operations/:id/approve': { needs: 'operate' },
  'POST /api/v1/operations/:id/code': { needs: 'operate' },
  'POST /api/v1/operations/:id/confirm': { needs: 'operate' },
  'POST /api/v1/operations/:id/stop': { needs: 'operate' },
  'POST /api/v1/operations/:id/undo': { needs: 'operate' },

  'POST /admin/books/delete-all/initiate': { needs: 'delete-all' },
  'POST /admin/books/delete-all/confirm': { needs: 'delete-all' },

  'GET /api/v1/notices': { needs: 'rules-write' },
  'GET /api/v1/notices/preview': { needs: 'rules-write' },
  'GET /api/v1/notices/list': { needs: 'rules-write' },
  'POST /api/v1/notices/switch': { needs: 'settings' },
  'PATCH /api/v1/notices/settings': { needs: 'settings' },
  'POST /api/v1/notices/resend': { needs: 'rules-write' },
  'POST /api/v1/notices/dismiss': { needs: 'rules-write' },
  'GET /api/v1/notices/templates/:kind': { needs: 'rules-write' },
  'PUT /api/v1/notices/templates/:kind': { needs: 'rules-write' },
  'POST /api/v1/notices/templates/:kind/preview': { needs: 'rules-write' },
  'POST /api/v1/patrons/:card/receipts': { needs: 'patron-write', orOwnCard: true },
  'POST /api/v1/patrons/:card/wanted-notices': { needs: 'patron-write', orOwnCard: true },

  'GET /api/v1/journal': { needs: 'journal-read' },
  'GET /api/v1/audit': { needs: 'audit' },
  'GET /api/v1/staff': { needs: 'staff-write' },
  'POST /api/v1/staff': { needs: 'staff-write' },
  'PATCH /api/v1/staff/:login': { needs: 'staff-write' },
  'DELETE /api/v1/staff/:login': { needs: 'staff-write' },
  'POST /api/v1/staff/:login/password': { needs: 'staff-write' },
  'POST /api/v1/staff/:login/restore': { needs: 'staff-write' },
}
