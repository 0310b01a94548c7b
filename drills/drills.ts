import { bumblebee2011 } from './2011-bumblebee.ts'
import { knight2012 } from './2012-knight.ts'
import { steam2015 } from './2015-steam.ts'
import { gitlab2017 } from './2017-gitlab.ts'
import { s32017 } from './2017-s3.ts'
import { s3Status2017 } from './2017-s3-status.ts'
import { cloudflare2019 } from './2019-cloudflare.ts'
import { mailDown } from './mail-down.ts'
import type { Playable } from './runner/drill.ts'

/** Every drill, in the order of the outages. */
export const drills: readonly Playable[] = [
  bumblebee2011,
  knight2012,
  steam2015,
  gitlab2017,
  s32017,
  s3Status2017,
  cloudflare2019,
  mailDown,
]
