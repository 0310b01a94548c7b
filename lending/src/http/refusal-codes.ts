import type { KeyReused, Verb } from '../postgres/write.ts'

/** The codes with which a verb can refuse. */
type RefusalOf<Of> = Of extends Verb<infer _Ask, infer _Done, infer Refused> ? Refused['refused'] : never

/** What the doors themselves say no to, before any verb is asked. */
type AtTheDoor =
  | 'request-invalid'
  | 'request-timeout'
  | 'not-signed-in'
  | 'not-permitted'
  | 'form-stale'
  | 'not-found'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'body-too-large'
  | 'address-too-long'
  | 'media-type-unknown'
  | 'headers-too-large'
  | 'too-many-requests'
  | 'overloaded'
  | 'listeners-full'
  | 'another-library'
  | 'code-unknown'
  | 'after-unknown'
  | 'code-of-both'
  | 'code-unreadable'
  | 'reason-is-code'
  | 'file-empty'
  | 'upload-gone'

type Circulation =
  | RefusalOf<typeof import('../circulation/kept-scan.ts').keepScan>
  | RefusalOf<typeof import('../circulation/kept-scan.ts').settleScan>
  | RefusalOf<typeof import('../circulation/lend.ts').lend>
  | RefusalOf<typeof import('../circulation/take-back.ts').takeBack>
  | RefusalOf<typeof import('../circulation/renew.ts').renew>
  | RefusalOf<typeof import('../circulation/hold.ts').placeHold>
  | RefusalOf<typeof import('../circulation/hold.ts').cancelHold>
  | RefusalOf<typeof import('../circulation/hold.ts').suspendHold>
  | RefusalOf<typeof import('../circulation/hold.ts').resumeHold>
  | RefusalOf<typeof import('../circulation/move-pickup.ts').movePickup>

type Rules =
  | RefusalOf<typeof import('../circulation/calendar.ts').setLoanRule>
  | RefusalOf<typeof import('../circulation/calendar.ts').addClosedDay>
  | RefusalOf<typeof import('../circulation/calendar.ts').removeClosedDay>
  | RefusalOf<typeof import('../circulation/fine-ledger.ts').payFine>
  | RefusalOf<typeof import('../circulation/fine-ledger.ts').waiveFine>
  | RefusalOf<typeof import('../circulation/library-settings.ts').editLibrary>
  | RefusalOf<typeof import('../circulation/places.ts').addBranch>
  | RefusalOf<typeof import('../circulation/places.ts').addPatronCategory>
  | RefusalOf<typeof import('../circulation/places.ts').addItemType>
  | RefusalOf<typeof import('../formats/number-format.ts').setBarcodeFormat>
  | RefusalOf<typeof import('../formats/number-format.ts').setCardFormat>

type Catalogue =
  | RefusalOf<typeof import('../catalogue/add-title.ts').addTitle>
  | RefusalOf<typeof import('../catalogue/edit-title.ts').editTitle>
  | RefusalOf<typeof import('../catalogue/edit-record.ts').editRecord>
  | RefusalOf<typeof import('../catalogue/add-copy.ts').addCopy>
  | RefusalOf<typeof import('../catalogue/edit-copy.ts').editCopy>
  | RefusalOf<typeof import('../catalogue/shelf-plan.ts').setShelfPlan>
  | RefusalOf<typeof import('../catalogue/stock-take/look-through.ts').startStockTake>
  | RefusalOf<typeof import('../catalogue/stock-take/look-through.ts').scanShelf>
  | RefusalOf<typeof import('../catalogue/stock-take/missing.ts').markMissing>
  | RefusalOf<typeof import('../catalogue/stock-take/missing.ts').markFound>
  | import('../catalogue/search.ts').SearchRefused['refused']
  | RefusalOf<typeof import('../catalogue/covers/set-cover.ts').setCover>
  | import('../catalogue/covers/resize.ts').PictureRefused

type Imports =
  | import('../catalogue/import/mend-reject.ts').MendRejectRefused['refused']
  | import('../patrons/import-patrons.ts').ImportPatronsRefused['refused']
  | import('../catalogue/import/start-import.ts').StartImportRefused['refused']
  | import('../catalogue/import/undo-import.ts').UndoImportRefused['refused']

type Audit = import('../journal/verify-audit.ts').AuditRefused['refused']

type People =
  | RefusalOf<typeof import('../patrons/patron.ts').registerPatron>
  | RefusalOf<typeof import('../patrons/patron.ts').editPatron>
  | RefusalOf<typeof import('../patrons/patron.ts').blockPatron>
  | RefusalOf<typeof import('../patrons/patron.ts').unblockPatron>
  | RefusalOf<typeof import('../patrons/patron.ts').extendCard>
  | RefusalOf<typeof import('../patrons/patron.ts').setPatronPassword>
  | RefusalOf<typeof import('../patrons/patron.ts').setKeepsHistory>
  | RefusalOf<typeof import('../patrons/forget-history.ts').forgetHistory>
  | RefusalOf<typeof import('../patrons/merge-patrons.ts').mergePatrons>
  | RefusalOf<typeof import('../staff/staff.ts').addStaff>
  | RefusalOf<typeof import('../staff/change-staff.ts').editStaff>
  | RefusalOf<typeof import('../staff/change-staff.ts').setStaffPassword>
  | RefusalOf<typeof import('../staff/change-staff.ts').removeStaff>
  | RefusalOf<typeof import('../staff/change-staff.ts').restoreStaff>
  | RefusalOf<typeof import('../staff/own-password.ts').setOwnPassword>
  | import('../staff/session.ts').ConfirmRefused['refused']
  | import('../staff/session.ts').SignInRefused['refused']

type Halts =
  | RefusalOf<typeof import('../halt/halt.ts').halt>
  | RefusalOf<typeof import('../halt/resume.ts').resume>

type Notices =
  | RefusalOf<typeof import('../notices/dead-notices.ts').resendNotices>
  | RefusalOf<typeof import('../notices/notice-settings.ts').editNotices>
  | RefusalOf<typeof import('../notices/own-templates.ts').saveTemplate>
  | RefusalOf<typeof import('../notices/set-notices.ts').setNotices>
  | RefusalOf<typeof import('../notices/want-receipts.ts').setWantsReceipts>
  | RefusalOf<typeof import('../notices/wanted-notices.ts').setWantedNotices>

type Operations = import('@bibby/guard/refusal.ts').Refusal['refused']

/** Every refusal that anybody can hear from Bibby. */
export type RefusalCode =
  | Circulation
  | Rules
  | Catalogue
  | Imports
  | People
  | Halts
  | Notices
  | Operations
  | Audit
  | AtTheDoor
  | KeyReused['refused']
