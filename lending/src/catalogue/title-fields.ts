/**
 * What Bibby knows of a title, from whichever source it came: the columns of the table `title`, in the words of
 * the code. Text is in NFC and trimmed; what the source does not say is '' or null or an empty list.
 */
export type TitleFields = {
  /** Who numbered the record: MARC 003, or the name that a CSV mapping gives. */
  readonly controlSource: string
  /** The number there (MARC 001); null when the source numbers nothing. */
  readonly controlNumber: string | null
  readonly title: string
  readonly subtitle: string
  /** As the source orders and inverts them: `Tolstoy, Leo`. */
  readonly authors: readonly string[]
  readonly publisher: string
  /** Before the common era it is negative. */
  readonly publishedYear: number | null
  /** ISO 639-2/B, or ''. */
  readonly language: string
  readonly material: Material
  /** 13 digits each, valid ones only, no two alike. */
  readonly isbns: readonly string[]
  readonly subjects: readonly string[]
  readonly series: readonly string[]
  readonly summary: string
  /**
   * The title in another script or wording (MARC 880 beside 245, and 246), for search only: no column keeps
   * them, the record does.
   */
  readonly otherTitles: readonly string[]
}

/** The kinds of thing that a library lends, as the column `title.material` holds them. */
export type Material = (typeof materials)[number]

/** Every material, in the order in which a page offers them. */
export const materials = [
  'book',
  'serial',
  'music',
  'score',
  'audio',
  'video',
  'map',
  'picture',
  'software',
  'manuscript',
  'kit',
  'object',
  'mixed',
] as const

/** A title that says nothing yet: the start of a mapping or of a form. */
export const emptyTitle: TitleFields = {
  controlSource: '',
  controlNumber: null,
  title: '',
  subtitle: '',
  authors: [],
  publisher: '',
  publishedYear: null,
  language: '',
  material: 'book',
  isbns: [],
  subjects: [],
  series: [],
  summary: '',
  otherTitles: [],
}
