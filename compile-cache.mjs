// Given to Node by `--import`, in every thread: what Node makes of each module is kept below node_modules, where it is
// as safe as the sources are, and taken from there while the source is the same. The compiler that strips types is
// then not even loaded. Where the folder cannot be written, Node compiles at every start.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

enableCompileCache(join(import.meta.dirname, 'node_modules', '.cache', 'compiled'))
