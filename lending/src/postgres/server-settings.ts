import { totalmem } from 'node:os'

const mebibyte = 1024 * 1024

/** What PostgreSQL may use of the machine: all of its memory, or what a container allows. */
export function memoryBytes(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 && allowed < totalmem() ? allowed : totalmem()
}

/** The settings of the server that Bibby runs itself, for a machine with this much memory; each with its reason. */
export function serverSettings(memory: number): Readonly<Record<string, string>> {
  const megabytes = (share: number, least: number, most: number) =>
    `${Math.round(Math.min(most, Math.max(least, (memory * share) / mebibyte)))}MB`
  return {
    // What was answered is on the disk. These are the defaults, said aloud so that no file can lower them.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    // An eighth: the catalogue's indexes fit, and a small server keeps memory for Node and the file cache.
    shared_buffers: megabytes(1 / 8, 64, 1024),
    effective_cache_size: megabytes(1 / 2, 128, 65_536),
    work_mem: '8MB',
    maintenance_work_mem: megabytes(1 / 32, 32, 256),
    // A Bibby has at most 55, by docs/concepts/overload.md; bibby commands come beside it.
    max_connections: '100',
    // Recovery after a crash reads at most about this much, so that the doors open again in seconds.
    max_wal_size: '1GB',
    min_wal_size: '80MB',
    checkpoint_timeout: '5min',
    // Its log can be kept, for any second to be restored (backups/archive-settings.ts). A minute in which little was
    // written is closed too: so much is lost at most with the machine.
    archive_mode: 'on',
    archive_timeout: '60s',
    // A desk's statements take a millisecond: compiling them takes longer than running them.
    jit: 'off',
    // Two cores are busy with desks; and in a container /dev/shm is too small for parallel workers.
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    // Disks of this decade read anywhere at nearly the same price.
    random_page_cost: '1.1',
    // A statement whose Bibby was killed must not keep its locks until it is through.
    client_connection_check_interval: '1s',
    // A title's words change in bursts at imports; vacuum sooner than at a fifth of the table.
    autovacuum_vacuum_scale_factor: '0.05',
    autovacuum_analyze_scale_factor: '0.05',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ',
    // What patrons do and who they are stays out of the log: no statements, values or rows.
    log_statement: 'none',
    log_min_error_statement: 'panic',
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
  }
}
