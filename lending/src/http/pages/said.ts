/** What a page says after something was done: a closed list, so that no address can put words in our mouth. */
const texts: Readonly<Record<string, string>> = {
  'hold-placed': 'The hold is placed.',
  'hold-cancelled': 'The hold is cancelled.',
  'hold-suspended': 'The hold is suspended; its place in the queue is kept.',
  'hold-resumed': 'The hold is active again.',
  renewed: 'Renewed.',
  registered: 'The patron is registered.',
  changed: 'The changes are saved.',
  blocked: 'The patron is blocked.',
  unblocked: 'The block is lifted.',
  extended: 'The card is extended.',
  merged: 'The two records are one now.',
  'was-merged': 'That record was merged into this one.',
  paid: 'The payment is recorded.',
  waived: 'The fine is waived.',
  'password-set': 'The password is set.',
  'history-kept': 'From now on your returned loans are kept for you.',
  'history-forgotten': 'From now on your returned loans are forgotten, as the library does by default.',
  'signed-out': 'You are signed out.',
  'rule-set':
    'The rule is saved. New loans follow it. Loans that it made before keep their due dates; their renewals, and their fines at check-in, follow the rule as it is now.',
  'closed-day-added': 'The closed day is added, and loans due that day are due on the next open day.',
  'closed-day-removed': 'The closed day is removed. Due dates that it moved stay where they are.',
  undone: 'The import is undone.',
  'branch-added': 'The branch is added.',
  'title-added': 'The title is added.',
  'title-changed': 'The title is changed.',
  'own-password-set': 'Your password is changed. Everywhere else you are signed out.',
  'signed-out-everywhere': 'You are signed out, here and everywhere else.',
  'settings-changed': 'The settings are saved.',
  'staff-added': 'The member of staff is added, and can sign in with that password.',
  'staff-removed': 'The account is removed, and signed out everywhere.',
  'staff-restored': 'The account is back, with the password that it had.',
  halted: 'All writing is halted.',
  resumed: 'It goes on.',
  'copy-changed': 'The copy is changed.',
  'copy-added': 'The copy is added.',
}

/** The sentence for a code, or undefined when there is no such code. */
export function saidText(code: string): string | undefined {
  return Object.hasOwn(texts, code) ? texts[code] : undefined
}
