/**
 * The bibliographic code (ISO 639-2/B) of a language as a spreadsheet may name it: `en`, `en-US`, `eng`, `deu`,
 * `German`. Several languages in one cell are `mul`; undefined when it names none that we know.
 */
export function languageCode(text: string): string | undefined {
  const names = text.split(/[/;,|]/).map((part) => part.trim().toLowerCase())
  const codes = new Set(names.filter((name) => name !== '').map(oneCode))
  if (codes.has(undefined)) return undefined
  return codes.size > 1 ? 'mul' : [...codes][0]
}

function oneCode(name: string): string | undefined {
  const bare = /^[a-z]{2,3}(?=$|[-_])/.exec(name)?.[0]
  if (bare?.length === 2) return byTwoLetters.get(bare)
  if (bare?.length === 3) return bibliographic.get(bare) ?? bare
  return byEnglishName().get(name)
}

/** ISO 639-1 with its ISO 639-2/B. Source: Library of Congress, codes for the representation of names of languages. */
const pairs =
  'aa aar ab abk ae ave af afr ak aka am amh an arg ar ara as asm av ava ay aym az aze ba bak be bel bg bul bh bih ' +
  'bi bis bm bam bn ben bo tib br bre bs bos ca cat ce che ch cha co cos cr cre cs cze cu chu cv chv cy wel da dan ' +
  'de ger dv div dz dzo ee ewe el gre en eng eo epo es spa et est eu baq fa per ff ful fi fin fj fij fo fao fr fre ' +
  'fy fry ga gle gd gla gl glg gn grn gu guj gv glv ha hau he heb hi hin ho hmo hr hrv ht hat hu hun hy arm hz her ' +
  'ia ina id ind ie ile ig ibo ii iii ik ipk io ido is ice it ita iu iku ja jpn jv jav ka geo kg kon ki kik kj kua ' +
  'kk kaz kl kal km khm kn kan ko kor kr kau ks kas ku kur kv kom kw cor ky kir la lat lb ltz lg lug li lim ln lin ' +
  'lo lao lt lit lu lub lv lav mg mlg mh mah mi mao mk mac ml mal mn mon mr mar ms may mt mlt my bur na nau nb nob ' +
  'nd nde ne nep ng ndo nl dut nn nno no nor nr nbl nv nav ny nya oc oci oj oji om orm or ori os oss pa pan pi pli ' +
  'pl pol ps pus pt por qu que rm roh rn run ro rum ru rus rw kin sa san sc srd sd snd se sme sg sag si sin sk slo ' +
  'sl slv sm smo sn sna so som sq alb sr srp ss ssw st sot su sun sv swe sw swa ta tam te tel tg tgk th tha ti tir ' +
  'tk tuk tl tgl tn tsn to ton tr tur ts tso tt tat tw twi ty tah ug uig uk ukr ur urd uz uzb ve ven vi vie vo vol ' +
  'wa wln wo wol xh xho yi yid yo yor za zha zh chi zu zul'

const byTwoLetters = new Map(
  Array.from(pairs.matchAll(/([a-z]{2}) ([a-z]{3})/g), ([, two = '', three = '']) => [two, three] as const),
)

/** The terminological codes that have a bibliographic twin. */
const bibliographic = new Map(
  'sqi alb hye arm eus baq mya bur zho chi ces cze nld dut fra fre kat geo deu ger ell gre isl ice mkd mac mri mao msa may fas per ron rum slk slo bod tib cym wel'
    .match(/[a-z]{3} [a-z]{3}/g)
    ?.map((pair) => [pair.slice(0, 3), pair.slice(4)] as const),
)

let englishNames: ReadonlyMap<string, string> | undefined

function byEnglishName(): ReadonlyMap<string, string> {
  const names = new Intl.DisplayNames(['en'], { type: 'language' })
  englishNames ??= new Map(
    [...byTwoLetters].map(([two, three]) => [(names.of(two) ?? two).toLowerCase(), three] as const),
  )
  return englishNames
}
